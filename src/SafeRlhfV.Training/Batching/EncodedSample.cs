namespace SafeRlhfV.Training;

/// <summary>One text for a model: a prompt, an answer (empty for a prompt alone), and the prompt's pictures.</summary>
/// <param name="Prompt">Ids up to the generation prompt's end, image tokens among them.</param>
/// <param name="Response">Ids of the answer, its end token among them.</param>
/// <param name="Images">The pictures; null without any.</param>
public sealed record EncodedSample(int[] Prompt, int[] Response, SampleImages? Images) : ISized
{
    /// <inheritdoc/>
    public SampleSize Size => new(1, Prompt.Length, Response.Length, Prompt.Length + Response.Length);
}
