using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

public sealed class EndScoresTests
{
    [Fact]
    public void ARowWithoutTokensIsRefusedByName()
    {
        using var scope = NewDisposeScope();
        Tensor mask = tensor(new[] { true, false, false, false, true, true }).view(3, 2);
        Assert.Contains("Row 1 ", Assert.Throws<ArgumentException>(() => EndScores.LastValid(mask)).Message);
        Assert.Contains("Row 1 ", Assert.Throws<ArgumentException>(() => EndScores.LastValid(mask.to(ScalarType.Int64))).Message);
    }
}
