using CsCheck;
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
    public void TheFileIsReadAsTransformersReadsIt(string json, double temperature, int topK, double topP, double penalty, int most)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("generation_config.json"), json);
        GenerationSettings settings = GenerationDefaults.Load(folder.Path).Tokens;
        Assert.Equal((temperature, topK, topP, penalty, most),
            (settings.Temperature, settings.TopK, settings.TopP, settings.RepetitionPenalty, settings.MaxNewTokens));
    }

    [Fact]
    public void AFolderWithoutTheFileIsGreedyAndAWrongValueIsNamedWithItsFile()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(0, GenerationDefaults.Load(folder.Path).Tokens.Temperature);
        File.WriteAllText(folder.At("generation_config.json"), """{"do_sample":true,"top_p":1.5}""");
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => GenerationDefaults.Load(folder.Path));
        Assert.Contains("generation_config.json", error.Message, StringComparison.Ordinal);
        Assert.Contains("top_p", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("num_beams", "4", "1")]
    [InlineData("num_beam_groups", "2", "1")]
    [InlineData("diversity_penalty", "0.5", "0.0")]
    [InlineData("penalty_alpha", "0.6", "0")]
    [InlineData("dola_layers", "\"high\"", "null")]
    [InlineData("force_words_ids", "[[1]]", "null")]
    [InlineData("forced_decoder_ids", "[[1, 2]]", "null")]
    [InlineData("encoder_repetition_penalty", "1.2", "1.0")]
    [InlineData("encoder_no_repeat_ngram_size", "3", "0")]
    [InlineData("guidance_scale", "1.5", "1")]
    [InlineData("watermarking_config", "{}", "null")]
    [InlineData("token_healing", "true", "false")]
    [InlineData("top_h", "0.4", "null")]
    [InlineData("max_time", "2.5", "null")]
    [InlineData("num_return_sequences", "3", "1")]
    [InlineData("bad_words_ids", "[3]", "[[3]]")]
    [InlineData("sequence_bias", "{\"3\": 1}", "[[[3], 1.5]]")]
    [InlineData("exponential_decay_length_penalty", "[1.5, 2]", "[3, 1.01]")]
    [InlineData("suppress_tokens", "\"3\"", "[-1]")]
    [InlineData("no_repeat_ngram_size", "-1", "0")]
    [InlineData("stop_strings", "[\"\"]", "\"###\"")]
    [InlineData("min_length", "-1", "0")]
    public void ASettingThatIsNotSupportedOrMalformedIsNamedAndItsNeutralValueIsNot(string field, string refused, string accepted)
    {
        using TemporaryFolder folder = new();
        // without generation_config.json the same fields of config.json count
        foreach (string file in (string[])["generation_config.json", "config.json"])
        {
            File.WriteAllText(folder.At(file), $"{{\"{field}\": {refused}}}");
            string message = Assert.Throws<InvalidInputException>(() => GenerationDefaults.Load(folder.Path)).Message;
            Assert.Contains(field.StartsWith("stop", StringComparison.Ordinal) ? "stop string" : field, message);
            Assert.Contains(file, message);
            File.WriteAllText(folder.At(file), $"{{\"{field}\": {accepted}}}");
            _ = GenerationDefaults.Load(folder.Path);
            Assert.Empty(GenerationDefaults.UnknownFields(folder.Path));
            File.Delete(folder.At(file));
        }
    }

    [Fact]
    public void LengthsOfACallGoBeforeThoseOfTheFileAndUnknownFieldsAreTold()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("generation_config.json"), """{"max_length": 30, "min_new_tokens": 9, "made_up": 1}""");
        GenerationSettings settings = GenerationDefaults.Load(folder.Path).Tokens;
        Assert.Equal((30, 30, 9), (settings.MaxNewTokens, settings.MaxLength, settings.MinNewTokens));
        settings = settings.WithMaxNewTokens(4);
        Assert.Equal((4, null, 4), (settings.MaxNewTokens, settings.MaxLength, settings.MinNewTokens));
        Assert.Equal(["made_up"], GenerationDefaults.UnknownFields(folder.Path));
    }

    [Fact]
    public void ABrokenFileIsReadOrRefusedInOneLine()
    {
        using TemporaryFolder folder = new();
        int read = 0, refused = 0;
        foreach (string path in Directory.GetFiles(Golden.At("variants", "configs"), "generation_config.json", SearchOption.AllDirectories))
        {
            string good = File.ReadAllText(path);
            Mutation.Gen.Sample(change =>
            {
                File.WriteAllText(folder.At("generation_config.json"), Mutation.Json(good, change));
                try
                {
                    GenerationDefaults.Load(folder.Path).Validate();
                    read++;
                }
                catch (InvalidInputException error)
                {
                    Assert.DoesNotContain('\n', error.Message);
                    refused++;
                }
            }, iter: 60, threads: 1);
        }
        Assert.True(read > 0 && refused > 0);
    }
}
