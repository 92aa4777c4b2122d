using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Prompts that are answered at a time, by their number and by the memory for keys and values.</summary>
internal static class RolloutParts
{
    /// <summary>A round's prompts in parts, in their order: row i draws from the stream of row i. A prompt that is too long by itself is a part of its own.</summary>
    public static IEnumerable<EncodedSample[]> Of(IReadOnlyList<EncodedSample> prompts, PpoSettings settings, long bytesOfToken)
    {
        int most = settings.RolloutMicroBatch > 0 ? settings.RolloutMicroBatch : prompts.Count;
        long tokens = settings.RolloutCacheBytes > 0 ? settings.RolloutCacheBytes / bytesOfToken : long.MaxValue;
        List<EncodedSample> part = [];
        int longest = 0;
        foreach (EncodedSample prompt in prompts)
        {
            int width = Math.Max(longest, prompt.Prompt.Length);
            if (part.Count == most || (part.Count > 0 && (part.Count + 1L) * (width + settings.MaxNewTokens) > tokens))
            {
                yield return [.. part];
                part.Clear();
                width = prompt.Prompt.Length;
            }
            part.Add(prompt);
            longest = width;
        }
        yield return [.. part];
    }

    /// <summary>Keys and values that a token takes in all blocks.</summary>
    public static long BytesOfToken(VisionLanguageModel model) =>
        2L * model.Config.Text.Layers * model.Config.Text.KeyValueHeads * model.Config.Text.HeadSize * model.Decoder.Embedding.Weight.element_size();
}
