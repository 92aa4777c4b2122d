using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>One text for a model: a prompt, an answer (empty for a prompt alone), and the prompt's images.</summary>
/// <param name="Prompt">Ids up to the generation prompt's end, image tokens among them.</param>
/// <param name="Response">Ids of the answer, its end token among them.</param>
/// <param name="Images">The images; null without any.</param>
/// <param name="Learnt">Which ids of <paramref name="Response"/> a policy imitates, where it holds later questions too; null = all.</param>
public sealed record EncodedSample(int[] Prompt, int[] Response, SampleImages? Images, bool[]? Learnt = null) : ISized
{
    /// <summary>The row, for those who send it to a server; null where nobody does.</summary>
    public ConversationRecord? Row { get; init; }

    /// <summary>The right answer for each of the recipe's rewards; empty where it lists none.</summary>
    public IReadOnlyList<ExpectedAnswer?> Expected { get; init; } = [];

    /// <summary>Whether complying with the prompt does no harm; null = nobody asks.</summary>
    public bool? IsBenign { get; init; }

    /// <summary>What rates answers to the prompt; null = nobody does.</summary>
    public Func<string, double>? Judge { get; init; }

    /// <summary>The row of a sample that goes to a server.</summary>
    internal ConversationRecord SentRow => Row ?? throw new InvalidOperationException("A sample for a server has its row.");

    /// <summary>Where that row is, for messages.</summary>
    internal string Place => $"{SentRow.Source.File}: row {SentRow.Source.Row}";

    /// <summary>How many ids a policy imitates.</summary>
    public int LearntTokens => Learnt?.Count(learnt => learnt) ?? Response.Length;

    /// <inheritdoc/>
    public SampleSize Size => new(1, Prompt.Length, Response.Length, Prompt.Length + Response.Length);
}
