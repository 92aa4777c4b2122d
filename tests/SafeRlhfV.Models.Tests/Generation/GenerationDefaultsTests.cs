using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class GenerationDefaultsTests
{
    [Theory]
    [InlineData("{}", 0, 0, 1, 1, 256)]
    [InlineData("""{"temperature":0.2,"top_p":0.9}""", 0, 0, 1, 1, 256)] // sampling settings without do_sample
    [InlineData("""{"do_sample":true}""", 1, 50, 1, 1, 256)]
    [InlineData("""{"do_sample":true,"temperature":0.7,"top_k":20,"top_p":0.8,"repetition_penalty":1.05}""", 0.7, 20, 0.8, 1.05, 256)]
    [InlineData("""{"repetition_penalty":1.05,"max_new_tokens":24,"eos_token_id":[2,3]}""", 0, 0, 1, 1.05, 24)]
    public void The_file_is_read_as_transformers_reads_it(string json, double temperature, int topK, double topP, double penalty, int most)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("generation_config.json"), json);
        GenerationSettings settings = GenerationDefaults.Load(folder.Path).Tokens;
        Assert.Equal((temperature, topK, topP, penalty, most), (settings.Temperature, settings.TopK, settings.TopP, settings.RepetitionPenalty, settings.MaxNewTokens));
    }

    [Fact]
    public void A_folder_without_the_file_is_greedy_and_a_wrong_value_is_named_with_its_file()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(0, GenerationDefaults.Load(folder.Path).Tokens.Temperature);
        File.WriteAllText(folder.At("generation_config.json"), """{"do_sample":true,"top_p":1.5}""");
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => GenerationDefaults.Load(folder.Path));
        Assert.Contains("generation_config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains("top_p", error.Message, StringComparison.Ordinal);
    }
}
