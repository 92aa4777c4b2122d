namespace SafeRlhfV.Annotation;

/// <summary>How new pairs are made: who asks, who answers, who judges.</summary>
public sealed record MakingSettings
{
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

    /// <summary>Who judges, and how; its seed decides which models answer and in which order their answers stand, too.</summary>
    public required JudgingSettings Judging { get; init; }

    /// <summary>The services, each once.</summary>
    public IReadOnlyList<EndpointSettings> Endpoints => [.. Answerers.Append(Asker).Append(Judging.Model).Select(model => model.Endpoint).Distinct()];
}
