using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The model run on a case's ids, mask and images.</summary>
internal sealed record ParityPass(Tensor Ids_BL, Tensor Mask_BL, Tensor Positions, Tensor Deltas_B1, ImageEmbeddings? Images, Tensor Hidden_BLH)
{
    /// <summary>Runs it, and compares the positions if <paramref name="checks"/> is given.</summary>
    public static ParityPass Run(VisionLanguageModel model, ParityCase reference, ParityChecks? checks = null)
    {
        Tensor ids = reference.Tensor("input_ids"), mask = reference.Tensor("attention_mask").to(ScalarType.Bool);
        ImageInputs? inputs = reference.Images(model);
        ImageEmbeddings? images = inputs is null ? null : model.ProjectImages(model.EncodeImages(inputs));
        (Tensor positions, Tensor deltas) = model.Positions(ids, mask, images?.Images ?? []);
        checks?.Exact("position_ids", positions, positions.dim() == 3 ? mask.unsqueeze(0) : mask);
        checks?.Exact("rope_deltas", deltas);
        if (checks is not null && model.Decoder.Config is { SeesImagesBothWays: true, SlidingWindow: { } window })
        {
            ParityGemma.TokenTypes(model, ids, checks);
            if (reference.Field("sliding_window") is { } stated) checks.Add("sliding_window", Math.Abs(window - stated.GetInt32()), 0);
        }
        return new(ids, mask, positions, deltas, images, model.Hidden(ids, mask, positions, images));
    }

    /// <summary>log p of every next token, [B, L - 1].</summary>
    public Tensor NextLogProbs(VisionLanguageModel model)
    {
        long columns = Ids_BL.shape[1];
        Tensor logits = model.Logits(Hidden_BLH.narrow(1, 0, columns - 1)).to(ScalarType.Float32);
        return nn.functional.log_softmax(logits, -1).gather(-1, Ids_BL.narrow(1, 1, columns - 1).unsqueeze(-1)).squeeze(-1);
    }
}
