using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The kinds of cases without training: forward, log-probabilities, scores.</summary>
internal static class ParityKinds
{
    public static void Forward(VisionLanguageModel model, ParityCase reference, ParityChecks checks)
    {
        using IDisposable noGrad = no_grad();
        ParityPass pass = ParityPass.Run(model, reference, checks);
        Tensor mask = pass.Mask_BL, logits = model.Logits(pass.Hidden_BLH);
        if (pass.Images is not null)
        {
            checks.Compare("image_features", pass.Images.Tokens_TH, "image_features", 1e-4);
            checks.Exact("image_feature_lengths", tensor(pass.Images.Images.Select(image => (long)image.Tokens).ToArray()));
            if (reference.Has("tile_features") && model is LlavaModel tiled)
                checks.Compare("tile_features", tiled.ProjectTiles(tiled.EncodeImages(reference.Images(model)!)), "image_features", 1e-4);
            if (model is LlavaModel tower) ParityVision.Run(tower, reference, checks);
            checks.Compare("image_features_sum", pass.Images.Tokens_TH.sum(-1), "vocab_sums", 5e-3);
            checks.Compare("image_features_abs_sum", pass.Images.Tokens_TH.abs().sum(-1), "vocab_sums", 5e-3);
            for (int i = 0; i < pass.Images.DeepStack.Count; i++) checks.Compare($"deepstack_features.{i}", pass.Images.DeepStack[i], "image_features", 1e-4);
        }
        if (reference.Has("inv_freq")) checks.Compare("inv_freq", model.Decoder.RotaryFrequencies(pass.Ids_BL.shape[1]), "inv_freq", 1e-6);
        checks.Compare("last_hidden_state", pass.Hidden_BLH, reference.Field("tolerance", "hidden") is null ? "last_hidden_state" : "hidden", 1e-4, mask);
        checks.Compare("hidden_sum", pass.Hidden_BLH.sum(-1), "vocab_sums", 5e-3, mask);
        checks.Compare("hidden_abs_sum", pass.Hidden_BLH.abs().sum(-1), "vocab_sums", 5e-3, mask);
        checks.Compare("logits_sum", logits.sum(-1), reference.Field("tolerance", "vocab_sums") is null ? "logits_sum" : "vocab_sums", 5e-3, mask);
        checks.Compare("logits_abs_sum", logits.abs().sum(-1), "vocab_sums", 5e-3, mask);
        checks.Compare("logits_max", logits.max(-1).values, "logits", 1e-4, mask);
        checks.Compare("logits_logsumexp", logits.logsumexp(-1), "logits_logsumexp", 1e-4, mask);
        Argmax(logits, reference, checks, mask);
        if (model is GemmaModel gemma) ParityGemma.WithoutTokenTypes(gemma, pass, logits, reference, checks);
        if (reference.Has("logits_last"))
        {
            Tensor last = LastPositions(reference, mask);
            checks.Compare("logits_last", Pick(logits, last), reference.Field("tolerance", "logits") is null ? "logits_last" : "logits", 1e-4);
            checks.Compare("hidden_last", Pick(pass.Hidden_BLH, last), "hidden", 1e-4);
        }
    }

    public static void LogProbs(VisionLanguageModel model, ParityCase reference, ParityChecks checks)
    {
        using IDisposable noGrad = no_grad();
        ParityPass pass = ParityPass.Run(model, reference, checks);
        Tensor response = reference.Tensor("response_mask").narrow(1, 1, pass.Ids_BL.shape[1] - 1).to(ScalarType.Bool);
        Tensor logp = pass.NextLogProbs(model).masked_fill(response.logical_not(), Scalars.Zero);
        checks.Compare("logp", logp, "logp", 1e-4);
        checks.Compare("logp_sum", logp.sum(-1), "vocab_sums", 1e-3);
    }

    public static void Scores(VisionLanguageModel model, ParityCase reference, ParityChecks checks)
    {
        using IDisposable noGrad = no_grad();
        ParityPass pass = ParityPass.Run(model, reference, checks);
        Tensor scores_BL = EndScores.PerState(pass.Hidden_BLH, reference.Tensor("score_weight"));
        Tensor ends_B = EndScores.LastValid(pass.Mask_BL), end = EndScores.At(scores_BL, ends_B);
        checks.Compare("scores", scores_BL, "scores", 1e-4, pass.Mask_BL);
        checks.Exact("end_index", ends_B.view(reference.Tensor("end_index").shape));
        checks.Compare("end_scores", end.view(reference.Tensor("end_scores").shape), "end_scores", 1e-4);
    }

    /// <summary>Qwen: where each patch stands, and what it attends to.</summary>
    public static void VisionIndex(QwenVisionConfig vision, ParityCase reference, ParityChecks checks)
    {
        long[] sizes = reference.Tensor("grid_thw").reshape(-1).data<long>().ToArray();
        PatchGrid[] grids = [.. sizes.Chunk(3).Select(size => new PatchGrid((int)size[0], (int)size[1], (int)size[2]))];
        (long[] rows, long[] columns) = PatchGrid.Places(grids, vision.MergeSize);
        checks.Exact("position_ids_hw", stack([tensor(rows), tensor(columns)], 1));
        checks.Exact("cu_seqlens", Bounds(PatchGrid.FrameLengths(grids)));
        if (vision.WindowSize > 0)
        {
            (long[] order, int[] lengths) = PatchGrid.Windows(grids, vision.MergeSize, vision.WindowTokens);
            checks.Exact("window_index", tensor(order));
            checks.Exact("cu_window_seqlens", Bounds(lengths.Select(length => length * vision.MergeSize * vision.MergeSize)));
        }
        if (vision.PositionSide == 0) return;
        (long[] indices, float[] weights) = PatchGrid.Taps(grids, vision.MergeSize, vision.PositionSide);
        checks.Exact("interp_indices", tensor(indices).view(-1, 4));
        checks.Compare("interp_weights", tensor(weights).view(-1, 4), "interp_weights", 1e-6);
    }

    private static Tensor Bounds(IEnumerable<int> lengths)
    {
        List<long> bounds = [0];
        foreach (int length in lengths) bounds.Add(bounds[^1] + length);
        return tensor(bounds.ToArray());
    }

    private static Tensor LastPositions(ParityCase reference, Tensor mask_BL)
    {
        if (reference.TryTensor("logits_last_positions") is { } stated) return stated;
        // the last K valid positions of each row, in order
        long count = reference.Tensor("logits_last").shape[1];
        using Scalar none = -1;
        Tensor columns = Scalars.Range(mask_BL.shape[1]).expand(mask_BL.shape).masked_fill(mask_BL.logical_not(), none);
        return columns.sort(1).Values.narrow(1, mask_BL.shape[1] - count, count);
    }

    private static Tensor Pick(Tensor x_BLH, Tensor columns_BK) =>
        x_BLH.gather(1, columns_BK.unsqueeze(-1).expand(columns_BK.shape[0], columns_BK.shape[1], x_BLH.shape[2]));

    // a different choice counts only where our two logits are further apart than the tolerance
    private static void Argmax(Tensor logits, ParityCase reference, ParityChecks checks, Tensor mask)
    {
        Tensor ours = logits.argmax(-1);
        checks.Computed["logits_argmax"] = ours;
        if (reference.TryTensor("logits_argmax") is not { } theirs) return;
        Tensor gap = logits.max(-1).values - logits.gather(-1, theirs.unsqueeze(-1)).squeeze(-1);
        checks.Add("logits_argmax", gap.GreaterThan(2e-4).logical_and(mask).sum().item<long>(), 0);
    }
}
