using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// A policy on a backbone. Logits are made at valid answer positions only, and never kept for a wide vocabulary. N: valid answer tokens of the batch.
/// </summary>
public sealed class PolicyRole(VisionLanguageModel model, string? adapter = null) : Role(model, adapter), IPolicy
{
    // below this, a batch's logits are small enough to keep, and quicker to differentiate
    private const int WideVocabulary = 4096;

    /// <inheritdoc/>
    public Tensor LogProbs(SequenceBatch batch, double temperature = 1) => Run(batch, temperature, entropy: false).LogProbs_BT;

    /// <inheritdoc/>
    public (Tensor LogProbs_BT, Tensor Entropy_BT) LogProbsAndEntropy(SequenceBatch batch, double temperature = 1)
    {
        (Tensor logProbs_BT, Tensor? entropy_BT) = Run(batch, temperature, entropy: true);
        return (logProbs_BT, entropy_BT!);
    }

    /// <summary>Mean cross-entropy over all response tokens of the batch that are learnt, a scalar: the loss of SFT and PTX.</summary>
    public Tensor NextTokenLoss(SequenceBatch batch)
    {
        using DisposeScope scope = NewDisposeScope();
        return PolicyLosses.NextToken(LogProbs(batch), batch.LearntMask_BT).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public GenerationResult Generate(SequenceBatch prompts, GenerationSettings settings, IReadOnlyList<RandomStream> streams,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using IDisposable use = Model.Adapters.UseMerged(Adapter);
        ImageEmbeddings? images = prompts.Features is null ? null : Model.ProjectImages(prompts.Features);
        GenerationPrompt prompt = new(prompts.Ids_BL.narrow(1, 0, prompts.PromptLength), prompts.Mask_BL.narrow(1, 0, prompts.PromptLength), images);
        return new TextGenerator(Model).Generate(prompt, settings, streams, null, cancellationToken);
    }

    private (Tensor LogProbs_BT, Tensor? Entropy_BT) Run(SequenceBatch batch, double temperature, bool entropy)
    {
        using DisposeScope scope = NewDisposeScope();
        (int rows, int width) = (batch.Rows, batch.ResponseLength);
        // token t is predicted at the column before it
        Tensor states_BTH = States(batch).narrow(1, 0, width);
        Tensor at_N = batch.LearntMask_BT.reshape(-1).nonzero().squeeze(1);
        Tensor states_NH = states_BTH.reshape(-1, states_BTH.shape[2]).index_select(0, at_N), tokens_N = batch.Response_BT.reshape(-1).index_select(0, at_N);
        if (temperature != 1) states_NH = states_NH.Over(temperature); // logits are linear in the states
        Tensor logProbs_N;
        Tensor? entropy_N = null;
        using (UseAdapter())
        {
            if (Model.VocabularySize >= WideVocabulary && Model.OutputWeight is { } weight)
            {
                if (entropy) (logProbs_N, entropy_N) = TokenLogProbabilities.FromHiddenWithEntropy(states_NH, weight, tokens_N);
                else logProbs_N = TokenLogProbabilities.FromHidden(states_NH, weight, tokens_N);
            }
            else
            {
                Tensor logits_NV = Model.Logits(states_NH);
                logProbs_N = TokenLogProbabilities.FromLogits(logits_NV, tokens_N);
                if (entropy) entropy_N = TokenLogProbabilities.Entropy(logits_NV);
            }
        }
        return (Spread(logProbs_N).MoveToOuterDisposeScope(), entropy_N is null ? null : Spread(entropy_N).MoveToOuterDisposeScope());

        Tensor Spread(Tensor values_N) => zeros(rows * width, dtype: values_N.dtype, device: values_N.device).index_copy(0, at_N, values_N).view(rows, width);
    }
}
