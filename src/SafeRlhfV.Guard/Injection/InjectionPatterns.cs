using System.Globalization;

namespace SafeRlhfV.Guard;

/// <summary>
/// Finds the usual words of injections with weighed patterns, in every reading of a text (<see cref="TextReadings"/>). The score of a text is
/// 1 - (1 - w1)(1 - w2)... over the patterns that match.
/// </summary>
public sealed class InjectionPatterns : IInjectionJudge
{
    private readonly IReadOnlyList<InjectionPattern> patterns;

    private InjectionPatterns(string name, IReadOnlyList<InjectionPattern> patterns) => (Name, this.patterns) = (name, patterns);

    /// <summary>The built-in list.</summary>
    public static InjectionPatterns Standard { get; } = Parse(BuiltIn(), "the built-in patterns");

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>Reads a list: <c>version N</c>, then lines of side (prompt, tool_result or both), weight, name and expression, with tabs between.</summary>
    /// <param name="text">The list; lines that begin with # are comments.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">A line cannot be read.</exception>
    public static InjectionPatterns Parse(string text, string source)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        if (!lines[0].StartsWith("version ", StringComparison.Ordinal)) throw new InvalidInputException($"{source}:1: the first line must be 'version N'.");
        List<InjectionPattern> patterns = [];
        for (int i = 1; i < lines.Length; i++)
        {
            if (lines[i].Trim().Length == 0 || lines[i][0] == '#') continue;
            string[] parts = lines[i].Split('\t', 4);
            InjectionSide? side = parts[0] == "prompt" ? InjectionSide.Prompt : parts[0] == "tool_result" ? InjectionSide.ToolResult : null;
            if (parts.Length < 4 || (side is null && parts[0] != "both")
                || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) || weight is not (> 0 and <= 1))
                throw new InvalidInputException(
                    $"{source}:{i + 1}: give side (prompt, tool_result or both), weight (0..1), name and expression, with tabs between.");
            try
            {
                patterns.Add(new(side, weight, parts[2], PatternRule.ForPattern(parts[2], Severity.Severe, parts[3]).Pattern));
            }
            catch (ArgumentException error)
            {
                throw new InvalidInputException($"{source}:{i + 1}: no regular expression ({error.Message.TrimEnd('.')}).");
            }
        }
        return new($"injection-patterns-{lines[0]["version ".Length..].Trim()}", patterns);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<InjectionText> texts, CancellationToken cancellationToken = default)
    {
        double[] scores = new double[texts.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = 1 - Matching(texts[i], cancellationToken).Aggregate(1.0, (left, pattern) => left * (1 - pattern.Weight));
        }
        return Task.FromResult<IReadOnlyList<double>>(scores);
    }

    /// <summary>The patterns that match a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="UnreadableTextException">The text is disguised too often, or hides too much.</exception>
    public IReadOnlyList<InjectionPattern> Matching(InjectionText text, CancellationToken cancellationToken = default)
    {
        bool[] found = new bool[patterns.Count];
        foreach (string reading in TextReadings.Each(text.Text, ReadingDepth.Standard, cancellationToken))
        {
            for (int i = 0; i < found.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                found[i] = found[i] || ((patterns[i].Side ?? text.Side) == text.Side && patterns[i].Pattern.IsMatch(reading));
            }
        }
        return [.. patterns.Where((_, i) => found[i])];
    }

    private static string BuiltIn()
    {
        using Stream stream = typeof(InjectionPatterns).Assembly.GetManifestResourceStream("SafeRlhfV.Guard.injection-patterns.txt")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
