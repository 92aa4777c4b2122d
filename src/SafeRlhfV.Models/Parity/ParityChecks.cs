using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Gathers a case's comparisons, and what we computed, for the dump.</summary>
internal sealed class ParityChecks(ParityCase reference)
{
    /// <summary>The comparisons so far.</summary>
    public List<ParityCheck> Checks { get; } = [];

    /// <summary>What we computed, by the case's tensor names.</summary>
    public Dictionary<string, Tensor> Computed { get; } = [];

    /// <summary>Compares with the case's tensor of that name, where <paramref name="mask"/> is true; does nothing if the case has none.</summary>
    public void Compare(string name, Tensor ours, string quantity, double fallback, Tensor? mask = null)
    {
        Computed[name] = ours.detach();
        if (reference.TryTensor(name) is not { } theirs) return;
        (double absolute, double relative) = reference.Tolerance(quantity, fallback);
        Add(name, ours, theirs, absolute, relative, mask);
    }

    /// <summary>Compares two tensors.</summary>
    public void Add(string name, Tensor ours, Tensor theirs, double absolute, double relative = 0, Tensor? mask = null)
    {
        if (!ours.shape.SequenceEqual(theirs.shape))
        {
            Checks.Add(new ParityCheck($"{name} (shape [{string.Join(", ", ours.shape)}], [{string.Join(", ", theirs.shape)}] expected)",
                double.PositiveInfinity, absolute));
            return;
        }
        Tensor wide = ours.detach().cpu().to(ScalarType.Float64), expected = theirs.to(ScalarType.Float64);
        Tensor difference = (wide - expected).abs_().sub_(expected.abs().Times(relative)).clamp_(min: Scalars.Zero);
        if (mask is not null)
        {
            Tensor fitted = mask.to(ScalarType.Bool);
            while (fitted.dim() < difference.dim()) fitted = fitted.unsqueeze(-1);
            difference = difference.masked_fill(fitted.logical_not(), Scalars.Zero);
        }
        Add(name, difference.numel() == 0 ? 0 : difference.max().item<double>(), absolute);
    }

    /// <summary>Counts ids that differ, where <paramref name="mask"/> is true.</summary>
    public void Exact(string name, Tensor ours, Tensor? mask = null)
    {
        Computed[name] = ours.detach();
        if (reference.TryTensor(name) is not { } theirs) return;
        if (!ours.shape.SequenceEqual(theirs.shape))
        {
            Checks.Add(new ParityCheck($"{name} (shape [{string.Join(", ", ours.shape)}], [{string.Join(", ", theirs.shape)}] expected)",
                double.PositiveInfinity, 0));
            return;
        }
        Tensor differ = ours.to(ScalarType.Int64).ne(theirs.to(ScalarType.Int64));
        if (mask is not null) differ = differ.logical_and(mask.to(ScalarType.Bool));
        Add(name, differ.sum().item<long>(), 0);
    }

    /// <summary>Adds a figure.</summary>
    public void Add(string name, double difference, double tolerance) => Checks.Add(new ParityCheck(name, difference, tolerance));
}
