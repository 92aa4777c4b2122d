using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Texts of one batch: prompts padded on the left to P columns, answers padded on the right to T, so that every answer begins at column P. Columns that would
/// be padding in every row do not exist. Letters: B rows, L = P + T columns.
/// </summary>
/// <param name="Ids_BL">Token ids, int64.</param>
/// <param name="Mask_BL">Valid columns, bool, from the texts' lengths.</param>
/// <param name="PromptLength">P.</param>
/// <param name="Features">Vision features of all prompts' images, in order; null without images.</param>
/// <param name="Answers">How many answers each prompt has: the rows are those of all first answers, then of all second ones, and so on, and each prompt is run
/// once.</param>
/// <param name="Learnt_BT">Answer tokens that a policy imitates, bool; null = all that are valid.</param>
public sealed record SequenceBatch(Tensor Ids_BL, Tensor Mask_BL, int PromptLength, VisionFeatures? Features, int Answers = 1, Tensor? Learnt_BT = null)
{
    /// <summary>T.</summary>
    public int ResponseLength => (int)Ids_BL.shape[1] - PromptLength;

    /// <summary>Rows.</summary>
    public int Rows => (int)Ids_BL.shape[0];

    /// <summary>Ids of the answers, [B, T].</summary>
    public Tensor Response_BT => Ids_BL.narrow(1, PromptLength, ResponseLength);

    /// <summary>Valid answer tokens, [B, T].</summary>
    public Tensor ResponseMask_BT => Mask_BL.narrow(1, PromptLength, ResponseLength);

    /// <summary>Answer tokens whose probability is asked for, [B, T].</summary>
    public Tensor LearntMask_BT => Learnt_BT ?? ResponseMask_BT;

    /// <summary>Puts samples side by side.</summary>
    /// <param name="samples">The texts; with several answers to a prompt, all first answers, then all second ones, and so on.</param>
    /// <param name="padToken">Fills up; never looked at.</param>
    /// <param name="cache">Gives the images' features.</param>
    /// <param name="answers">How many answers each prompt has.</param>
    /// <exception cref="InvalidInputException">A text is empty or longer than the model reads, or the padding is the image token.</exception>
    public static SequenceBatch Collate(IReadOnlyList<EncodedSample> samples, int padToken, VisionCache cache, int answers = 1)
    {
        bool isPadded = samples.Any(sample => sample.Prompt.Length != samples[0].Prompt.Length || sample.Response.Length != samples[0].Response.Length);
        cache.Model.CheckTexts([.. samples.Select(sample => sample.Size.Filled)], isPadded ? padToken : null);
        TokenBatch prompts = TokenBatch.PadLeft([.. samples.Select(sample => sample.Prompt)], padToken, cache.Device);
        TokenBatch responses = TokenBatch.PadRight([.. samples.Select(sample => sample.Response)], padToken, cache.Device);
        return new SequenceBatch(
            cat([prompts.Ids_BL, responses.Ids_BL], 1), cat([prompts.Mask_BL, responses.Mask_BL], 1), (int)prompts.Ids_BL.shape[1],
            cache.Features(samples.Take(samples.Count / answers)), answers,
            samples.Any(sample => sample.Learnt is not null) ? Learnt(samples, (int)responses.Ids_BL.shape[1], cache.Device) : null);
    }

    private static Tensor Learnt(IReadOnlyList<EncodedSample> samples, int width, Device device)
    {
        bool[] learnt = new bool[samples.Count * width];
        for (int row = 0; row < samples.Count; row++)
            for (int at = 0; at < samples[row].Response.Length; at++) learnt[row * width + at] = samples[row].Learnt?[at] ?? true;
        return tensor(learnt, device: device).view(samples.Count, width);
    }
}
