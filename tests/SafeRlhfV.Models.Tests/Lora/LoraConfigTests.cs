using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class LoraConfigTests
{
    [Fact]
    public void ABrokenAdapterConfigIsParsedOrRefusedInOneLine()
    {
        using TemporaryFolder temporary = new();
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Where(folder => File.Exists(Path.Combine(folder, "adapter_config.json"))))
        {
            string good = File.ReadAllText(Path.Combine(folder, "adapter_config.json"));
            int parsed = 0, refused = 0;
            Mutation.Gen.Sample(change =>
            {
                File.WriteAllText(temporary.At("adapter_config.json"), Mutation.Json(good, change));
                try
                {
                    LoraConfig config = LoraConfig.Load(temporary.Path);
                    config.Targets("model.language_model.layers.0.self_attn.q_proj");
                    Assert.Contains("{", config.ToJson());
                    Assert.True(double.IsFinite(config.Scaling));
                    parsed++;
                }
                catch (InvalidInputException error)
                {
                    Assert.DoesNotContain('\n', error.Message);
                    refused++;
                }
            }, iter: 400, threads: 1);
            Assert.True(parsed > 0 && refused > 0);
        }
    }

    [Fact]
    public void BrokenSettingsOfEveryKindAreParsedOrRefusedInOneLine()
    {
        using TemporaryFolder temporary = new();
        int parsed = 0, refused = 0;
        foreach (string path in Directory.GetFiles(Golden.At("variants", "adapters"), "adapter_config.json", SearchOption.AllDirectories))
        {
            string good = File.ReadAllText(path);
            Mutation.Gen.Sample(change =>
            {
                File.WriteAllText(temporary.At("adapter_config.json"), Mutation.Json(good, change));
                try
                {
                    LoraConfig config = LoraConfig.Load(temporary.Path);
                    string[] names = ["model.language_model.layers.0.self_attn.q_proj", "language_model.model.embed_tokens"];
                    foreach (string name in names) _ = (config.Targets(name), config.Allows(name), config.Saves(name + ".weight"));
                    _ = (config.RankOf(names), config.ScalingOf(names), config.TokensOf(names));
                    parsed++;
                }
                catch (InvalidInputException error)
                {
                    Assert.DoesNotContain('\n', error.Message);
                    refused++;
                }
            }, iter: 40, threads: 1);
        }
        Assert.True(parsed > 0 && refused > 0);
    }

    [Theory]
    [InlineData("(((", "no usable regular expression")]
    [InlineData("(a+)+$", null)]
    public void AHostilePatternIsRefusedOrEndsInTime(string pattern, string? named)
    {
        LoraConfig config = new() { TargetPattern = pattern };
        string module = new string('a', 40) + "!";
        if (named is null)
        {
            try
            {
                Assert.False(config.Targets(module));
            }
            catch (InvalidInputException error)
            {
                Assert.Contains("no usable regular expression", error.Message);
            }
        }
        else Assert.Contains(named, Assert.Throws<InvalidInputException>(() => config.Targets(module)).Message);
    }
}
