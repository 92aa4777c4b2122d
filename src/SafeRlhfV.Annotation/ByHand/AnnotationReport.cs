using System.Text.Json.Nodes;

namespace SafeRlhfV.Annotation;

/// <summary>What has been annotated by hand.</summary>
public sealed record AnnotationReport
{
    /// <summary>Pairs to be annotated.</summary>
    public required int Items { get; init; }

    /// <summary>Pairs with their final labels; these are exported.</summary>
    public required int Settled { get; init; }

    /// <summary>Of these, pairs on which an adjudicator spoke the last word.</summary>
    public required int Adjudicated { get; init; }

    /// <summary>Pairs whose annotators disagree, left out until they are adjudicated.</summary>
    public required int Disputed { get; init; }

    /// <summary>Pairs that wait for a label.</summary>
    public required int Waiting { get; init; }

    /// <summary>How far the annotators agree, by what each said before any machine's labels were shown.</summary>
    public required JsonObject Agreement { get; init; }

    /// <summary>Agreement with the labels that the pairs came with; null where they came without.</summary>
    public required JsonObject? AgreementWithMachine { get; init; }

    /// <summary>The data set written; null where none was.</summary>
    public string? Folder { get; init; }
}
