using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// What a judge is asked: instructions in our own words, what it is shown, and how its reply is read. One file each: lines "name: value", a line of three
/// hyphens, the instructions.
/// </summary>
public sealed record Rubric
{
    private static readonly string[] Parts = ["image", "question", "reference", "caption", "answer", "answers"];

    private static readonly ReplyForm[] NotOfJudges = [ReplyForm.YesNo, ReplyForm.Option, ReplyForm.Refusal, ReplyForm.PromptSafety];

    private Rubric(string name) => Name = name;

    /// <summary>Its name, or its file.</summary>
    public string Name { get; }

    /// <summary>How the reply is read.</summary>
    public required ReplyForm Form { get; init; }

    /// <summary>What it asks for, where a benchmark asks for several things.</summary>
    public required string Aspect { get; init; }

    /// <summary>What the judge is shown: image, question, reference, caption, answer, or answers of two models.</summary>
    public required IReadOnlyList<string> Shows { get; init; }

    /// <summary>Only items that a good answer helps with are asked about: how helpful an answer to a harmful question is says nothing good.</summary>
    public required bool IsForHarmless { get; init; }

    /// <summary>The instructions.</summary>
    public required string Instructions { get; init; }

    /// <summary>The whole file.</summary>
    public required string Text { get; init; }

    /// <summary>A hash of the file; another one is another judge.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))[..16];

    /// <summary>The rubrics that come with the tool.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Asset.Names("rubric-", ".md").Select(name => name["rubric-".Length..^".md".Length])];

    /// <summary>Opens a rubric of the tool, or a file.</summary>
    /// <exception cref="InvalidInputException">There is none, or it is malformed.</exception>
    public static Rubric Open(string name)
    {
        if (Names.Contains(name)) return Read(name, Asset.Text($"rubric-{name}.md"));
        if (!File.Exists(name)) throw new InvalidInputException($"judge:{name}: no such rubric; there are {string.Join(", ", Names)}, or give a file.");
        return Read(name, DiskErrors.Reading(name, () => File.ReadAllText(name)));
    }

    private static Rubric Read(string name, string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        int end = Array.IndexOf(lines, "---");
        if (end < 0) throw Malformed(name, "has no line '---' between its settings and its instructions");
        Dictionary<string, string> settings = [];
        foreach (string line in lines[..end].Where(line => line.Trim().Length > 0))
        {
            if (line.Split(':', 2) is not [var key, var value]) throw Malformed(name, $"has the line {Finding.Quote(line)}, which is no 'name: value'");
            if (key.Trim() is not ("form" or "aspect" or "shows" or "items" or "version")) throw Malformed(name, $"has an unknown setting '{key.Trim()}'");
            settings[key.Trim()] = value.Trim();
        }
        string form = settings.GetValueOrDefault("form", "").Replace("-", "", StringComparison.Ordinal);
        if (!Enum.TryParse(form, ignoreCase: true, out ReplyForm read) || NotOfJudges.Contains(read))
            throw Malformed(name, "needs 'form', one of " + string.Join(", ", Enum.GetValues<ReplyForm>().Except(NotOfJudges)));
        string[] shows = settings.GetValueOrDefault("shows", "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (shows.FirstOrDefault(part => !Parts.Contains(part)) is { } unknown)
            throw Malformed(name, $"shows '{unknown}', which is none of {string.Join(", ", Parts)}");
        if (!shows.Contains(read == ReplyForm.Winner ? "answers" : "answer")) throw Malformed(name, "does not show the answer");
        if (settings.GetValueOrDefault("items", "harmless") != "harmless") throw Malformed(name, "has 'items', which can only be harmless");
        string instructions = string.Join('\n', lines[(end + 1)..]).Trim();
        if (instructions.Length == 0) throw Malformed(name, "has no instructions");
        return new Rubric(name)
        {
            Form = read,
            Aspect = settings.GetValueOrDefault("aspect", ScoredItem.Only),
            Shows = shows,
            IsForHarmless = settings.ContainsKey("items"),
            Instructions = instructions,
            Text = text,
        };
    }

    private static InvalidInputException Malformed(string name, string what) =>
        new($"{name}: the rubric {what}; --show-rubric safety prints one that is right.");
}
