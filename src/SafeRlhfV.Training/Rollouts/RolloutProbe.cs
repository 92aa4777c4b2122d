using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Compares a server's log-probabilities with those of our own pass. A load that reports success proves nothing: servers leave out targets that they do not
/// support, and may answer from what they kept of older weights.
/// </summary>
/// <param name="actor">The role that was published.</param>
/// <param name="reference">The bare backbone; null where the actor is no adapter.</param>
/// <param name="batcher">Puts prompts and responses side by side.</param>
/// <param name="tolerance">The largest difference that is allowed, in nats.</param>
internal sealed class RolloutProbe(IPolicy actor, IPolicy? reference, SampleBatcher batcher, double tolerance)
{
    // rounding is far below; an adapter that is left out, and has learnt anything, is above
    private const double ClearlyNearer = 2;

    /// <summary>Compares.</summary>
    /// <param name="server">Who answered, for the error.</param>
    /// <param name="prompts">What was asked.</param>
    /// <param name="answers">What came back.</param>
    /// <param name="temperature">The sampling temperature.</param>
    /// <exception cref="ServiceException">The numbers differ by more than is allowed, or they are those of the bare backbone.</exception>
    public void Check(string server, IReadOnlyList<EncodedSample> prompts, IReadOnlyList<Rollout> answers, double temperature)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        SequenceBatch batch = batcher.Collate([.. prompts.Zip(answers, (prompt, answer) => prompt with { Response = answer.Response })]);
        float[] served = [.. answers.SelectMany(answer => answer.EngineLogProbs)];
        double[] gaps = Gaps(actor, batch, served, temperature);
        if (gaps.Max() is var worst && !(worst <= tolerance))
            throw Refuse(server, $"a log-probability is {worst:G3} off our own, and at most {tolerance:G3} is allowed: the adapter may not be applied, "
                + "or the server has another model, resamples images otherwise, or reports log-probabilities before temperature");
        if (reference is null) return;
        double own = gaps.Average(), bare = Gaps(reference, batch, served, temperature).Average();
        if (bare * ClearlyNearer < own) throw Refuse(server,
            $"the log-probabilities are those of the bare backbone ({bare:G3} off it, {own:G3} off the actor): the adapter is loaded and not applied");
    }

    private static ServiceException Refuse(string server, string what) =>
        new(FormattableString.Invariant($"{server}: the round is refused: {what}; docs/scale.md says how to start a server."));

    private static double[] Gaps(IPolicy policy, SequenceBatch batch, float[] served, double temperature)
    {
        Tensor own_BT = policy.LogProbs(batch, temperature);
        using Tensor mask_BT = batch.ResponseMask_BT.to(own_BT.device);
        float[] own = own_BT.masked_select(mask_BT).to(ScalarType.Float32).cpu().data<float>().ToArray();
        return [.. own.Zip(served, (ours, theirs) => Math.Abs((double)ours - theirs))];
    }
}
