namespace SafeRlhfV.Annotation;

/// <summary>How new pairs are made: who asks, who answers, who judges.</summary>
public sealed record MakingSettings
{
    /// <summary>Decides which models answer, in which order their answers stand and are judged.</summary>
    public long Seed { get; init; }

    /// <summary>The model that asks questions.</summary>
    public required ChatModelSettings Asker { get; init; }

    /// <summary>The categories asked for, of images that lie in no category's folder.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>The severities asked for, of 1..3.</summary>
    public IReadOnlyList<int> Severities { get; init; } = [1, 2, 3];

    /// <summary>Questions for an image, category and severity.</summary>
    public int QuestionsPerImage { get; init; } = 1;

    /// <summary>The models that answer; at least two.</summary>
    public required IReadOnlyList<ChatModelSettings> Answerers { get; init; }

    /// <summary>Pairs of a question, each of two models drawn by the seed.</summary>
    public int PairsPerQuestion { get; init; } = 1;

    /// <summary>The model that judges.</summary>
    public required ChatModelSettings Judge { get; init; }

    /// <summary>How often a pair is judged, in each order.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>Whether each judgement is made in both orders of the answers.</summary>
    public bool Swap { get; init; } = true;

    /// <summary>The least share of judgements that must agree on each preference; pairs below it are left out as contested. Above 0.5.</summary>
    public double Agreement { get; init; } = 0.6;

    /// <summary>How often a reply that cannot be read is asked for again.</summary>
    public int Reasks { get; init; } = 1;

    /// <summary>No call is made once the calls of all runs have cost this much; null for no bound.</summary>
    public double? Budget { get; init; }

    /// <summary>The services, each once.</summary>
    public IReadOnlyList<EndpointSettings> Endpoints => [.. Answerers.Append(Asker).Append(Judge).Select(model => model.Endpoint).Distinct()];
}
