using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Holds a tensor against the golden one: |d| ≤ absolute + relative |want|, element by element, NaN never equal.</summary>
internal static class Compare
{
    public static void Close(GoldenCase golden, ScalarType dtype, string output, Tensor got)
    {
        Tensor want = golden.Expected(output);
        Assert.True(want.shape.SequenceEqual(got.shape),
            $"{golden.Objective}/{golden.Name}/{output}: shape [{string.Join(", ", got.shape)}], want [{string.Join(", ", want.shape)}]");
        // a float32 output can only be met in float32, whatever the precision of the run
        ScalarType precision = want.dtype == ScalarType.Float32 ? ScalarType.Float32 : dtype;
        (double relative, double absolute) = golden.Tolerance(precision);
        bool exact = want.dtype is ScalarType.Bool or ScalarType.Int64;
        double[] wanted = Values(want), found = Values(got);
        for (int i = 0; i < wanted.Length; i++)
            Assert.True(
                found[i].Equals(wanted[i]) || (!exact && Math.Abs(found[i] - wanted[i]) <= absolute + relative * Math.Abs(wanted[i])),
                $"{golden.Objective}/{golden.Name}/{output}[{i}] in {dtype}: {found[i]:R}, want {wanted[i]:R}");
    }

    private static double[] Values(Tensor x) => x.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
