using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Prompts that are answered at a time, by their number and by the memory for keys and values.</summary>
internal static class RolloutParts
{
    /// <summary>
    /// A round's prompts in parts, in their order: row i draws from the stream of row i. A prompt that is too long by itself is a part of its own.
    /// </summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="settings">The bounds.</param>
    /// <param name="bytesOfRow">Keys and values of a row of so many tokens.</param>
    /// <param name="samples">Answers to each prompt.</param>
    public static IEnumerable<EncodedSample[]> Of(IReadOnlyList<EncodedSample> prompts, RolloutSettings settings, Func<long, long> bytesOfRow, int samples = 1)
    {
        int most = settings.RolloutMicroBatch > 0 ? settings.RolloutMicroBatch : prompts.Count;
        long bytes = settings.RolloutCacheBytes > 0 ? settings.RolloutCacheBytes : long.MaxValue;
        return Steps.Cut(prompts, (part, next) => part.Count < most && (part.Count + 1L) * samples
            * bytesOfRow(Math.Max(part.Max(one => one.Prompt.Length), next.Prompt.Length) + settings.MaxNewTokens) <= bytes);
    }

    /// <summary>Keys and values that a row of so many tokens takes in all blocks.</summary>
    public static Func<long, long> BytesOfRow(VisionLanguageModel model)
    {
        long element = model.Decoder.Embedding.Weight.element_size();
        return tokens => KeyValueCache.BytesOfRow(model.Config.Text, tokens, element);
    }
}
