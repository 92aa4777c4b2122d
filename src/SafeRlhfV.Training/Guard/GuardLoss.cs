using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// The guard's loss: weighted sum of the verdict's and the categories' binary cross-entropy and the severity's cross-entropy. Each mean is over the whole
/// batch: the losses of its parts add up to the loss of the batch, however it is cut.
/// </summary>
/// <param name="Total">To minimise.</param>
/// <param name="Named">Its terms and the verdict's accuracy, by the names of their metrics.</param>
internal sealed record GuardLoss(Tensor Total, IReadOnlyList<(string Name, Tensor Value)> Named)
{
    /// <summary>What a batch's means are divided by.</summary>
    /// <param name="Rows">Its rows.</param>
    /// <param name="Weight">Sum of their weights.</param>
    /// <param name="Known">Rows whose severity is known.</param>
    /// <param name="Sorted">Rows whose categories are known.</param>
    public readonly record struct Batch(int Rows, double Weight, int Known, int Sorted)
    {
        public static Batch Of(IReadOnlyList<GuardLabel> labels, GuardSettings settings) =>
            new(labels.Count, labels.Sum(label => RowWeight(label, settings)), labels.Count(label => label.Severity is not null),
                labels.Count(label => label.Categories is not null));
    }

    /// <summary>A part's share of its batch's loss.</summary>
    /// <param name="outputs_BN">The head's numbers for the part's rows.</param>
    /// <param name="labels">What they should say.</param>
    /// <param name="batch">The whole batch.</param>
    /// <param name="categoryIndex">Place of each category among the outputs.</param>
    /// <param name="settings">The weights.</param>
    public static GuardLoss Of(Tensor outputs_BN, IReadOnlyList<GuardLabel> labels, Batch batch, IReadOnlyDictionary<string, int> categoryIndex,
        GuardSettings settings)
    {
        int categories = categoryIndex.Count, rows = labels.Count;
        Device device = outputs_BN.device;
        float[] verdicts = [.. labels.Select(label => label.Unsafe ? 1f : 0f)], wanted = new float[rows * categories];
        for (int row = 0; row < rows; row++)
            foreach (string category in labels[row].Categories ?? [])
                wanted[row * categories + (categoryIndex.TryGetValue(category, out int index)
                    ? index
                    : throw new InvalidInputException($"'{category}' is no category of the taxonomy; 'data validate' finds such rows."))] = 1;
        // a batch whose rows all weigh nothing has no loss
        double mean = batch.Weight > 0 ? batch.Weight / batch.Rows : 1;
        Tensor weights_B = tensor(labels.Select(label => (float)(RowWeight(label, settings) / mean)).ToArray(), device: device);
        Tensor verdict_B = tensor(verdicts, device: device), verdictLogits_B = outputs_BN.select(1, GuardHeads.Verdict);
        Tensor verdictLoss = (nn.functional.binary_cross_entropy_with_logits(verdictLogits_B, verdict_B,
            reduction: TorchSharp.torch.nn.Reduction.None) * weights_B).sum().Over(batch.Rows);
        Tensor categoryLoss = (nn.functional.binary_cross_entropy_with_logits(outputs_BN.narrow(1, GuardHeads.FirstCategory, categories),
            tensor(wanted, device: device).view(rows, categories), reduction: TorchSharp.torch.nn.Reduction.None)
            * (batch.Sorted == batch.Rows
                ? weights_B
                : weights_B * tensor(labels.Select(label => label.Categories is null ? 0f : 1f).ToArray(), device: device)).unsqueeze(1)).sum()
                    .Over(Math.Max(1, batch.Sorted) * categories);
        int[] known = [.. Enumerable.Range(0, rows).Where(row => labels[row].Severity is not null)];
        Tensor severityLoss = zeros(1, device: device).squeeze();
        if (known.Length > 0)
        {
            Tensor at = tensor(known.Select(row => (long)row).ToArray(), device: device),
                targets = tensor(known.Select(row => (long)labels[row].Severity!.Value).ToArray(), device: device);
            Tensor each = nn.functional.cross_entropy(outputs_BN.narrow(1, GuardHeads.FirstSeverity, GuardHeads.Severities.Count).index_select(0, at), targets,
                reduction: TorchSharp.torch.nn.Reduction.None);
            severityLoss = (each * weights_B.index_select(0, at)).sum().Over(batch.Known);
        }
        Tensor total = verdictLoss.Times(settings.VerdictWeight).Plus(categoryLoss.Times(settings.CategoryWeight))
            .Plus(severityLoss.Times(settings.SeverityWeight));
        Tensor accuracy = verdictLogits_B.detach().gt(Scalars.Zero).eq(verdict_B.gt(Scalars.Zero)).to(ScalarType.Float32).sum().Over(batch.Rows);
        return new GuardLoss(total, [("verdict_loss", verdictLoss), ("category_loss", categoryLoss), ("severity_loss", severityLoss),
            ("verdict_accuracy", accuracy)]);
    }

    private static double RowWeight(GuardLabel label, GuardSettings settings) => settings.SeverityRowWeights[label.Severity ?? 1];
}
