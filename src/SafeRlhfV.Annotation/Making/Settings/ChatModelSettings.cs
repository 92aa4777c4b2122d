using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>A chat model: where it is, how it is asked, what it costs.</summary>
public sealed record ChatModelSettings
{
    /// <summary>The name that the data set gives its answers.</summary>
    public required string Name { get; init; }

    /// <summary>The service that has it.</summary>
    public required EndpointSettings Endpoint { get; init; }

    /// <summary>Its name there.</summary>
    public required string Model { get; init; }

    /// <summary>Sampling temperature; null leaves it to the service.</summary>
    public double? Temperature { get; init; }

    /// <summary>The most tokens of an answer; null leaves it to the service.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>How it is made to answer in JSON.</summary>
    public JsonMode Json { get; init; } = JsonMode.Schema;

    /// <summary>The price of a million tokens asked.</summary>
    public double InputPrice { get; init; }

    /// <summary>The price of a million tokens answered.</summary>
    public double OutputPrice { get; init; }

    /// <summary>What a call costs.</summary>
    public double Cost(long inputTokens, long outputTokens) => (inputTokens * InputPrice + outputTokens * OutputPrice) / 1e6;
}
