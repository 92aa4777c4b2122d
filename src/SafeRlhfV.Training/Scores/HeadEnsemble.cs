using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// The k heads of a score model while they are trained. All heads learn from the same pass; the loss is the mean of their losses. With a bootstrap a pair
/// counts Poisson(1) times for a head (the online bootstrap of Oza and Russell 2001, with heads on one network as in Osband et al. 2016): drawn by the pair's
/// place in the data, so that it is the same in every epoch, on every rank and after resuming. Shapes are [B] with one head and [B, k] with several.
/// </summary>
internal sealed class HeadEnsemble(ScoreHead head, ScorerSettings settings)
{
    private const int MostCopies = 20; // a Poisson(1) number is above it once in 10^19 draws

    /// <summary>Scores of one output.</summary>
    /// <param name="scores">What the head gives: [B], or [B, outputs × k].</param>
    /// <param name="output">The output.</param>
    public Tensor Of(Tensor scores, int output = 0) =>
        head.Heads > 1 ? scores.narrow(1, output * head.Heads, head.Heads) : scores.dim() == 1 ? scores : scores.select(1, output);

    /// <summary>A number of each pair, [B], in a shape that goes with scores.</summary>
    public Tensor Beside(Tensor values_B) => head.Heads > 1 ? values_B.unsqueeze(1) : values_B;

    /// <summary>The mean over the heads, [B].</summary>
    public Tensor Mean(Tensor scores) => head.Heads > 1 ? scores.mean([1]) : scores;

    /// <summary>How often each pair counts for each head, [B, k]; null = once for all.</summary>
    public Tensor? Weights(IReadOnlyList<PairSample> pairs, Device device)
    {
        if (head.Heads == 1 || !settings.Bootstrap) return null;
        float[] weights = [.. pairs.SelectMany(pair => Copies(settings.Seed, $"{pair.Source}", head.Heads)).Select(copies => (float)copies)];
        return tensor(weights, [pairs.Count, head.Heads], device: device);
    }

    /// <summary>Reports how far the heads of an ensemble disagree on the answers of a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="name">The metric's beginning; empty for a model of one output.</param>
    /// <param name="first">Scores of first answers.</param>
    /// <param name="second">Scores of second answers.</param>
    public void Report(StepPart<PairSample> part, string name, Tensor first, Tensor second)
    {
        if (head.Heads == 1) return;
        EnsembleScores joined = EnsembleScores.Of(cat([first, second]).detach().transpose(0, 1), 0, ScoreRole.Reward);
        part.Report($"{name}disagreement", joined.Disagreement);
    }

    /// <summary>How often a row is in the bootstrap of each head.</summary>
    internal static int[] Copies(long seed, string row, int heads)
    {
        RandomStream random = new(seed, $"bootstrap/{row}");
        return [.. Enumerable.Range(0, heads).Select(_ =>
        {
            int copies = 0;
            double left = random.NextDouble(), chance = Math.Exp(-1);
            while (left >= chance && copies < MostCopies)
            {
                left -= chance;
                chance /= ++copies;
            }
            return copies;
        })];
    }
}
