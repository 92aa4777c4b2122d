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
            case "ByteLevel": return TokenTemplate.None;
            case "Sequence":
                TokenTemplate whole = TokenTemplate.None;
                foreach (ConfigReader part in section.Sections("processors") ?? throw section.Error("processors", "is missing"))
                {
                    TokenTemplate around = Read(part);
                    whole = new([.. around.Before, .. whole.Before], [.. whole.After, .. around.After]);
                }
                return whole;
            case var other: throw section.Error("type", $"'{other}' is no post-processor that can be used here (TemplateProcessing, ByteLevel, Sequence)");
        }
    }

    private static TokenTemplate Template(ConfigReader section)
    {
        List<int> before = [], after = [];
        bool seen = false;
        foreach (ConfigReader part in section.Sections("single") ?? throw section.Error("single", "is missing"))
        {
            if (part.Section("Sequence") is { } sequence)
            {
                if (seen || sequence.Text("id") != "A") throw section.Error("single", "must hold the sequence A once and no other");
                seen = true;
                continue;
            }
            string name = (part.Section("SpecialToken") ?? throw section.Error("single", "must hold sequences and special tokens only")).Text("id");
            (seen ? after : before).AddRange(Ids(section, name));
        }
        return seen ? new TokenTemplate([.. before], [.. after]) : throw section.Error("single", "must hold the sequence A");
    }

    private static IReadOnlyList<int> Ids(ConfigReader section, string name)
    {
        ConfigReader? token = section.Section("special_tokens")?.Section(name);
        if (token is null || token.Element.ValueKind != JsonValueKind.Object) throw section.Error("special_tokens", $"lacks '{name}', which the template uses");
        IReadOnlyList<int> ids = token.Ints("ids") ?? throw token.Error("ids", "is missing");
        return ids.All(id => id is >= 0 and <= TokenizerFile.MostTokens) ? ids : throw token.Error("ids", "must be ids of tokens");
    }
}
