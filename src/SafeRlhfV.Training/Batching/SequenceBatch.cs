using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Texts of one batch: prompts padded on the left to P columns, answers padded on the right to T, so that every answer begins at column P. Columns that would be
/// padding in every row do not exist. Letters: B rows, L = P + T columns.
/// </summary>
/// <param name="Ids_BL">Token ids, int64.</param>
/// <param name="Mask_BL">Valid columns, bool, from the texts' lengths.</param>
/// <param name="PromptLength">P.</param>
/// <param name="Features">Vision features of all rows' pictures, in order; null without pictures.</param>
public sealed record SequenceBatch(Tensor Ids_BL, Tensor Mask_BL, int PromptLength, VisionFeatures? Features)
{
    /// <summary>T.</summary>
    public int ResponseLength => (int)Ids_BL.shape[1] - PromptLength;

    /// <summary>Rows.</summary>
    public int Rows => (int)Ids_BL.shape[0];

    /// <summary>Ids of the answers, [B, T].</summary>
    public Tensor Response_BT => Ids_BL.narrow(1, PromptLength, ResponseLength);

    /// <summary>Valid answer tokens, [B, T].</summary>
    public Tensor ResponseMask_BT => Mask_BL.narrow(1, PromptLength, ResponseLength);

    /// <summary>Puts samples side by side.</summary>
    /// <param name="samples">The texts.</param>
    /// <param name="padToken">Fills up; never looked at.</param>
    /// <param name="cache">Gives the pictures' features.</param>
    public static SequenceBatch Collate(IReadOnlyList<EncodedSample> samples, int padToken, VisionCache cache)
    {
        int prompt = samples.Max(sample => sample.Prompt.Length), response = samples.Max(sample => sample.Response.Length), width = prompt + response;
        long[] ids = new long[samples.Count * width];
        bool[] mask = new bool[ids.Length];
        Array.Fill(ids, padToken);
        for (int row = 0; row < samples.Count; row++)
        {
            EncodedSample sample = samples[row];
            int start = row * width + prompt - sample.Prompt.Length;
            for (int i = 0; i < sample.Prompt.Length; i++) ids[start + i] = sample.Prompt[i];
            for (int i = 0; i < sample.Response.Length; i++) ids[row * width + prompt + i] = sample.Response[i];
            Array.Fill(mask, true, start, sample.Prompt.Length + sample.Response.Length);
        }
        return new SequenceBatch(
            tensor(ids, device: cache.Device).view(samples.Count, width), tensor(mask, device: cache.Device).view(samples.Count, width), prompt, cache.Features(samples));
    }
}
