using System.Text.Json;

namespace SafeRlhfV.Processing;

/// <summary>Reads post-processors; those that only move offsets add nothing.</summary>
internal static class TemplateReader
{
    public static TokenTemplate Read(ConfigReader section)
    {
        switch (section.Text("type"))
        {
            case "TemplateProcessing": return Template(section);
            case "BertProcessing": return Bert(section);
            case "RobertaProcessing": return Roberta(section);
            case "ByteLevel": return TokenTemplate.None;
            case "Sequence":
                TokenTemplate whole = TokenTemplate.None;
                foreach (ConfigReader part in section.Sections("processors") ?? throw section.Error("processors", "is missing"))
                    whole = Read(part).Around(whole);
                return whole;
            case var other:
                throw section.Error("type",
                    $"'{other}' is no post-processor that can be used here (TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence)");
        }
    }

    // files of tokenizers that never see two texts say little or nothing of them
    private static TokenTemplate Template(ConfigReader section)
    {
        List<TemplatePart> single = Parts(section, "single"), pair = section.Has("pair") ? Parts(section, "pair") : [];
        if (single.Count(part => part.Text > 0) != 1) throw section.Error("single", "must hold the sequence A");
        return new(single, pair.Count(part => part.Text > 0) == 2 ? pair : null);
    }

    private static TokenTemplate Bert(ConfigReader section)
    {
        TemplatePart start = new(0, Named(section, "cls"), 0), end = new(0, Named(section, "sep"), 0);
        return new([start, new(1, 0, 0), end], [start, new(1, 0, 0), end, new(2, 0, 1), end with { Type = 1 }]);
    }

    private static TokenTemplate Roberta(ConfigReader section)
    {
        TemplatePart start = new(0, Named(section, "cls"), 0), end = new(0, Named(section, "sep"), 0);
        return new([start, new(1, 0, 0), end], [start, new(1, 0, 0), end, end, new(2, 0, 0), end]);
    }

    // ["</s>", 2]
    private static int Named(ConfigReader section, string name) =>
        section.Element.TryGetProperty(name, out JsonElement token) && token.ValueKind == JsonValueKind.Array && token.GetArrayLength() == 2
            && token[1].ValueKind == JsonValueKind.Number && token[1].TryGetInt32(out int id) && id is >= 0 and <= TokenizerFile.MostTokens
            ? id
            : throw section.Error(name, "must be a token and its id");

    private static List<TemplatePart> Parts(ConfigReader section, string name)
    {
        List<TemplatePart> parts = [];
        foreach (ConfigReader part in section.Sections(name) ?? throw section.Error(name, "is missing"))
        {
            if (part.Section("Sequence") is { } sequence)
            {
                int text = sequence.Text("id") switch
                {
                    "A" => 1,
                    "B" when name == "pair" => 2,
                    var other => throw sequence.Error("id", $"is '{other}', which stands for no text here"),
                };
                if (parts.Any(known => known.Text == text)) throw section.Error(name, "must hold each sequence once");
                parts.Add(new(text, 0, sequence.Int("type_id", 0, least: 0)));
                continue;
            }
            ConfigReader special = part.Section("SpecialToken") ?? throw section.Error(name, "must hold sequences and special tokens only");
            parts.AddRange(Ids(section, special.Text("id")).Select(id => new TemplatePart(0, id, special.Int("type_id", 0, least: 0))));
        }
        return parts;
    }

    private static IReadOnlyList<int> Ids(ConfigReader section, string name)
    {
        ConfigReader? token = section.Section("special_tokens")?.Section(name);
        if (token is null || token.Element.ValueKind != JsonValueKind.Object) throw section.Error("special_tokens", $"lacks '{name}', which the template uses");
        IReadOnlyList<int> ids = token.Ints("ids") ?? throw token.Error("ids", "is missing");
        return ids.All(id => id is >= 0 and <= TokenizerFile.MostTokens) ? ids : throw token.Error("ids", "must be ids of tokens");
    }
}
