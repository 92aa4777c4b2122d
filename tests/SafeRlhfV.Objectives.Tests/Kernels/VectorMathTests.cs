using System.Numerics;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>The kernels' exponential against that of float64.</summary>
public sealed class VectorMathTests
{
    [Fact]
    public void ExponentialsAreWithinTwoUnitsInTheLastPlace()
    {
        for (float x = -87.3f; x < 88; x += 0.00731f)
        {
            float found = VectorMath.Exp(new Vector<float>(x))[0];
            double expected = Math.Exp(x);
            Assert.InRange(Math.Abs(found - expected), 0, 2 * (MathF.BitIncrement((float)expected) - (float)expected));
        }
    }

    [Theory]
    [InlineData(float.NegativeInfinity, 0), InlineData(-1e30f, 0), InlineData(-88, 0), InlineData(0, 1), InlineData(float.NaN, float.NaN)]
    public void ExtremesAreExact(float x, float expected) => Assert.Equal(expected, VectorMath.Exp(new Vector<float>(x))[0]);

    [Fact]
    public void LargeNumbersStayFinite() => Assert.InRange(VectorMath.Exp(new Vector<float>(1e30f))[0], 1e38f, float.MaxValue);

    [Theory]
    [InlineData(0), InlineData(1), InlineData(7), InlineData(8), InlineData(33)]
    public unsafe void DotsAreSumsOfProducts(int count)
    {
        float[] a = [.. Enumerable.Range(0, count + 1).Select(i => i - 3f)], b = [.. Enumerable.Range(0, count + 1).Select(i => 2f * i)];
        fixed (float* first = a, second = b)
            Assert.Equal(Enumerable.Range(0, count).Sum(i => (i - 3f) * 2 * i), VectorMath.Dot(first, second, count));
    }
}
