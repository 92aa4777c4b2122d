using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Each variant against its published formula, one frequency at a time in double precision.</summary>
public sealed class RotaryTableTests
{
    private const int HeadSize = 64;

    private static double Plain(int index, double theta = 10000) => Math.Pow(theta, -2.0 * index / HeadSize);

    private static double Llama3(int index)
    {
        double plain = Plain(index, 500000), wave = 2 * Math.PI / plain;
        if (wave > 8192 / 1.0) return plain / 8;
        if (wave < 8192 / 4.0) return plain;
        double smooth = (8192 / wave - 1) / (4 - 1);
        return (1 - smooth) * plain / 8 + smooth * plain;
    }

    private static double Yarn(int index)
    {
        static double Dimension(double turns) => HeadSize * Math.Log(4096 / (turns * 2 * Math.PI)) / (2 * Math.Log(10000));
        double low = Math.Max(0, Math.Floor(Dimension(32))), high = Math.Min(HeadSize - 1, Math.Ceiling(Dimension(1)));
        double stretched = Math.Clamp((index - low) / (high - low), 0, 1);
        return Plain(index) / 4 * stretched + Plain(index) * (1 - stretched);
    }

    public static TheoryData<string> Types => ["default", "linear", "dynamic", "llama3", "yarn"];

    [Theory]
    [MemberData(nameof(Types))]
    public void AnglesFollowTheFormulaOfTheVariant(string type)
    {
        const int Columns = 700;
        (RopeConfig Config, Func<int, double> Frequency, double Scale) variant = type switch
        {
            "linear" => (new RopeConfig { Type = type, Factor = 4 }, index => Plain(index) / 4, 1.0),
            // beyond the 512 positions of the pretraining the base grows
            "dynamic" => (new RopeConfig { Type = type, Factor = 2, OriginalMaxPositions = 512 },
                index => Plain(index, 10000 * Math.Pow(2.0 * Columns / 512 - 1, HeadSize / (HeadSize - 2.0))), 1.0),
            "llama3" => (new RopeConfig { Type = type, Theta = 500000, Factor = 8, OriginalMaxPositions = 8192 }, Llama3, 1.0),
            "yarn" => (new RopeConfig { Type = type, Factor = 4, OriginalMaxPositions = 4096 }, Yarn, 0.1 * Math.Log(4) + 1),
            _ => (new RopeConfig(), index => Plain(index), 1.0),
        };
        (RopeConfig config, Func<int, double> frequency, double scale) = variant;
        using DisposeScope scope = NewDisposeScope();
        using RotaryTable table = new(config, HeadSize);
        RotaryAngles angles = table.Select(arange(Columns, ScalarType.Int64).view(1, -1), Columns, ScalarType.Float32);
        foreach (int position in new[] { 0, 1, 100, Columns - 1 })
            for (int index = 0; index < HeadSize / 2; index++)
            {
                double turn = position * frequency(index);
                Assert.Equal(scale * Math.Cos(turn), angles.Cosine_BL1D[0, position, 0, index].item<float>(), 2e-4);
                Assert.Equal(scale * Math.Cos(turn), angles.Cosine_BL1D[0, position, 0, index + HeadSize / 2].item<float>(), 2e-4);
                Assert.Equal(-scale * Math.Sin(turn), angles.SignedSine_BL1D[0, position, 0, index].item<float>(), 2e-4);
                Assert.Equal(scale * Math.Sin(turn), angles.SignedSine_BL1D[0, position, 0, index + HeadSize / 2].item<float>(), 2e-4);
            }
    }

    [Fact]
    public void WithinThePretrainedLengthDynamicIsDefault()
    {
        using DisposeScope scope = NewDisposeScope();
        using RotaryTable dynamic = new(new RopeConfig { Type = "dynamic", Factor = 2, OriginalMaxPositions = 512 }, HeadSize),
            plain = new(new RopeConfig(), HeadSize);
        Tensor positions = arange(512, ScalarType.Int64).view(1, -1);
        Assert.Equal(0, (dynamic.Select(positions, 512, ScalarType.Float32).Cosine_BL1D - plain.Select(positions, 512, ScalarType.Float32).Cosine_BL1D).abs()
            .max().item<float>());
    }

    [Theory]
    [InlineData(false, "0 0 1 1 1 2 2 2")]
    [InlineData(true, "0 1 2 0 1 2 0 0")]
    public void TheAxesShareTheFrequenciesInChunksOrByTurns(bool interleaved, string axes)
    {
        string sections = interleaved ? "4, 2, 2" : "2, 3, 3";
        ConfigReader text = ConfigReader.Parse(
            System.Text.Encoding.UTF8.GetBytes($"{{\"rope_scaling\": {{\"type\": \"mrope\", \"mrope_section\": [{sections}]}}}}"), "config.json");
        RopeConfig config = RopeConfig.Parse(text, 4096, 16, 10000, interleaved);
        Assert.Equal("default", config.Type);
        Assert.Equal(axes, string.Join(' ', config.Axes!));
        using DisposeScope scope = NewDisposeScope();
        using RotaryTable table = new(config, 16), plain = new(config with { Axes = null }, 16);
        Tensor positions = tensor(new long[] { 5, 7, 11 }).view(3, 1, 1);
        RotaryAngles angles = table.Select(positions, 12, ScalarType.Float32);
        for (int index = 0; index < 8; index++)
        {
            RotaryAngles one = plain.Select(positions[config.Axes![index]], 12, ScalarType.Float32);
            Assert.Equal(one.Cosine_BL1D[0, 0, 0, index].item<float>(), angles.Cosine_BL1D[0, 0, 0, index].item<float>());
            Assert.Equal(one.SignedSine_BL1D[0, 0, 0, index + 8].item<float>(), angles.SignedSine_BL1D[0, 0, 0, index + 8].item<float>());
        }
    }
}
