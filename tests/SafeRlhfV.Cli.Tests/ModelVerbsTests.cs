using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Cli.Tests;

public sealed class ModelVerbsTests
{
    public static TheoryData<string> Models()
    {
        TheoryData<string> data = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Where(folder => File.Exists(Path.Combine(folder, "config.json")))
            .Order(StringComparer.Ordinal)) data.Add(Path.GetFileName(folder));
        return data;
    }

    public static TheoryData<string> Adapters()
    {
        TheoryData<string> data = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Where(folder => File.Exists(Path.Combine(folder, "adapter_config.json")))
            .Order(StringComparer.Ordinal)) data.Add(Path.GetFileName(folder));
        return data;
    }

    private static Tensor Logits(string folder, string? adapter = null)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { Dtype = ScalarType.Float32 });
        if (adapter is not null) model.Adapters.Default = model.Adapters.Load("adapter", adapter);
        Tensor ids = tensor(new long[] { 1, 300, 301, 302, 303, 304 }).view(1, 6);
        return model.Logits(model.Hidden(ids, ones_like(ids, ScalarType.Bool), null)).MoveToOuterDisposeScope();
    }

    private static double Distance(Tensor a, Tensor b) => (a - b).abs().max().item<float>();

    [Theory]
    [MemberData(nameof(Models))]
    public async Task InfoCountsWhatTheFilesHold(string name)
    {
        string folder = Golden.At("models", name);
        CliRun run = await CliRun.Of("model", "info", folder, "--load", "--json");
        Assert.Equal(0, run.ExitCode);
        using CheckpointTensors tensors = CheckpointTensors.Open(folder);
        JsonElement model = run.Json.GetProperty("model");
        Assert.Equal(tensors.TotalBytes, model.GetProperty("bytes").GetInt64());
        Assert.Equal(tensors.Names.Sum(key => tensors.Entry(key).Shape.Aggregate(1L, (product, size) => product * size)),
            model.GetProperty("parameters").GetInt64());
        Assert.Equal(model.GetProperty("bytes").GetInt64(), run.Json.GetProperty("load").GetProperty("weightBytes").GetInt64());
        Assert.All(model.GetProperty("parts").EnumerateArray(), part => Assert.True(part.GetProperty("parameters").GetInt64() > 0));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task AConvertedFolderGivesTheSameLogitsInAnotherLayoutAndSharding(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", name), copy = temporary.At("copy"),
            layout = ModelFamilies.Find(ModelConfig.Load(source).ModelType)!.Layouts[^1].Name;
        CliRun run = await CliRun.Of("model", "convert", source, "--out", copy, "--layout", layout, "--max-shard-size", "200KiB", "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(layout, run.Json.GetProperty("layout").GetString());
        Assert.True(run.Json.GetProperty("files").GetInt32() > 1);
        Assert.Equal(0, Distance(Logits(source), Logits(copy)));
        Assert.True(File.Exists(Path.Combine(copy, "tokenizer.json")));
    }

    [Fact]
    public async Task APolicyWithoutTokenizerAndProcessorTakesThoseOfItsBase()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string variant = Golden.At("variants", "weights", "bin-zip"), bare = Directory.CreateDirectory(temporary.At("policy")).FullName;
        string below = Path.GetFullPath(Path.Combine(variant, ConfigReader.Open(Path.Combine(variant, "expected.json")).Text("base_path")));
        File.Copy(Path.Combine(below, "config.json"), Path.Combine(bare, "config.json"));
        File.Copy(Path.Combine(variant, "pytorch_model.bin"), Path.Combine(bare, "pytorch_model.bin"));
        string[] question = ["generate", "--model", bare, "--prompt", "What is this?", "--max-new-tokens", "4", "--json"];
        CliRun without = await CliRun.Of(question), with = await CliRun.Of([.. question, "--processor", below]);
        Assert.Equal((2, 0), (without.ExitCode, with.ExitCode));

        CliRun convert = await CliRun.Of("model", "convert", bare, "--processor", below, "--out", temporary.At("whole"));
        Assert.Equal(0, convert.ExitCode);
        Assert.Equal(0, Distance(Logits(below), Logits(temporary.At("whole"))));
        CliRun whole = await CliRun.Of("generate", "--model", temporary.At("whole"), "--prompt", "What is this?", "--max-new-tokens", "4", "--json");
        Assert.Equal(with.Json.GetProperty("answers")[0].GetProperty("text").GetString(), whole.Json.GetProperty("answers")[0].GetProperty("text").GetString());

        string other = Models().Select(row => Golden.At("models", row.Data))
            .First(folder => ModelConfig.Load(folder).ModelType.StartsWith("qwen", StringComparison.Ordinal));
        await CliRun.Refused("family", [.. question, "--processor", other]);
    }

    [Fact]
    public async Task AnotherTypeHalvesTheFilesAndIsToldInTheConfig()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string source = Models().Select(row => Golden.At("models", row.Data)).First(folder => ModelSummary.Of(folder).Dtypes[0] == "float32");
        CliRun run = await CliRun.Of("model", "convert", source, "--out", temporary.At("half"), "--dtype", "bf16", "--json");
        Assert.Equal(0, run.ExitCode);
        ModelSummary before = ModelSummary.Of(source), after = ModelSummary.Of(temporary.At("half"));
        Assert.Equal(before.Bytes / 2, after.Bytes);
        Assert.Equal("bfloat16", Assert.Single(after.Dtypes));
        Assert.Contains("bfloat16", File.ReadAllText(temporary.At("half", "config.json")));
        Assert.InRange(Distance(Logits(source), Logits(temporary.At("half"))), 1e-6, 0.5);
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task AMergedFolderGivesWhatTheAdapterGives(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string adapter = Golden.At("models", name), model = LoraConfig.FindBase(adapter);
        CliRun run = await CliRun.Of("model", "merge", "--model", model, "--adapter", adapter, "--out", temporary.At("merged"));
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(temporary.At("merged"), run.Output.Trim());
        Tensor merged = Logits(temporary.At("merged"));
        Assert.True(Distance(Logits(model, adapter), merged) < 1e-4);
        Assert.True(Distance(Logits(model), merged) > 1e-3);
        Assert.Equal(ModelSummary.Of(model).Layout, ModelSummary.Of(temporary.At("merged")).Layout);
    }

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task WhatIsExtractedFromAMergedFolderGivesTheSame(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string adapter = Golden.At("models", name), model = LoraConfig.FindBase(adapter);
        Assert.Equal(0, (await CliRun.Of("model", "merge", "--model", model, "--adapter", adapter, "--out", temporary.At("merged"))).ExitCode);
        CliRun run = await CliRun.Of("model", "extract", "--model", temporary.At("merged"), "--base", model, "--rank", "64", "--out", temporary.At("again"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("rank 64 keeps 100.0 % of the matrices' change", run.Output);
        Assert.True(Distance(Logits(model, temporary.At("again")), Logits(temporary.At("merged"))) < 1e-3);
        CliRun taken = await CliRun.Of("model", "extract", "--model", temporary.At("merged"), "--base", model, "--out", temporary.At("again"));
        Assert.Equal(2, taken.ExitCode);
    }

    [Fact]
    public async Task AScoreHeadGoesAlong()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", Models().First().Data);
        using (VisionLanguageModel backbone = ModelCheckpoint.Load(source))
        using (ScoreModel reward = new(backbone, ScoreHead.Create(backbone.HiddenSize, 1, 1))) reward.Save(temporary.At("reward"));
        Assert.Equal(0, (await CliRun.Of("model", "convert", temporary.At("reward"), "--out", temporary.At("again"), "--dtype", "float16")).ExitCode);
        int hidden = ModelConfig.Load(source).Text.HiddenSize;
        using ScoreHead before = ScoreHead.Load(temporary.At("reward"), hidden), after = ScoreHead.Load(temporary.At("again"), hidden);
        Assert.Equal(0, Distance(before.Weight, after.Weight));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public async Task InitWritesTheWeightsOfANewModelInAnySharding(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", name);
        CliRun run = await CliRun.Of("model", "init", "--config", Path.Combine(source, "config.json"), "--out", temporary.At("new"), "--seed", "5",
            "--max-shard-size", "100kB", "--files-from", source, "--json");
        Assert.Equal(0, run.ExitCode);
        using VisionLanguageModel expected = ModelFactory.Create(ModelConfig.Load(source), 5), written = ModelCheckpoint.Load(temporary.At("new"));
        Dictionary<string, TorchSharp.Modules.Parameter> weights = written.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
        foreach ((string key, TorchSharp.Modules.Parameter parameter) in expected.named_parameters())
            Assert.True(parameter.eq(weights[key]).all().item<bool>(), key);
        Assert.Equal(weights.Values.Sum(parameter => parameter.numel()), run.Json.GetProperty("parameters").GetInt64());
        Assert.True(File.Exists(temporary.At("new", "tokenizer.json")));
    }

    [Fact]
    public async Task BadInputIsOneLineAndWritesNothing()
    {
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", Models().First().Data), config = Path.Combine(source, "config.json");
        string nowhere = temporary.At("nowhere"), target = temporary.At("out");
        await CliRun.Refused("no such folder", "model", "info", nowhere);
        await CliRun.Refused("--layout", "model", "convert", source, "--out", target, "--layout");
        await CliRun.Refused("'strange'", "model", "convert", source, "--out", target, "--layout", "strange");
        await CliRun.Refused("'int3'", "model", "convert", source, "--out", target, "--dtype", "int3");
        await CliRun.Refused("'lots'", "model", "convert", source, "--out", target, "--max-shard-size", "lots");
        await CliRun.Refused("no such folder", "model", "init", "--config", config, "--out", target, "--files-from", nowhere);
        await CliRun.Refused("adapter_config.json", "model", "merge", "--model", source, "--adapter", source, "--out", target);
        string adapter = Golden.At("models", "llava-1.5-tiny-lora"), whole = "holds an adapter, and a whole model is needed here; 'safe-rlhf-v model merge'";
        await CliRun.Refused("is an adapter already; there is nothing to extract", "model", "extract", "--model", adapter, "--base", source, "--out", target);
        await CliRun.Refused(whole, "model", "extract", "--model", source, "--base", adapter, "--out", target);
        await CliRun.Refused(whole, "model", "convert", adapter, "--out", target);
        await CliRun.Refused(whole, "model", "info", adapter);
        await CliRun.Refused("no reference cases", "parity", temporary.Path);
        File.WriteAllText(temporary.At("config.json"),
            File.ReadAllText(config).Replace("\"num_hidden_layers\": ", "\"num_hidden_layers\": 9999", StringComparison.Ordinal));
        await CliRun.Refused("num_hidden_layers", "model", "init", "--config", temporary.At("config.json"), "--out", target);
        Assert.Equal("config.json", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(temporary.Path))));
    }

    [Fact]
    public async Task AFolderThatIsTakenStaysUnlessAsked()
    {
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", Models().First().Data);
        Directory.CreateDirectory(temporary.At("out"));
        File.WriteAllText(temporary.At("out", "mine.txt"), "mine");
        await CliRun.Refused("is not empty", "model", "convert", source, "--out", temporary.At("out"));
        Assert.Equal("mine.txt", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(temporary.At("out")))));
        Assert.Equal(0, (await CliRun.Of("model", "convert", source, "--out", temporary.At("out"), "--overwrite")).ExitCode);
        Assert.False(File.Exists(temporary.At("out", "mine.txt")));
        Assert.Equal("out", Path.GetFileName(Assert.Single(Directory.EnumerateFileSystemEntries(temporary.Path))));
    }

    [Fact]
    public async Task ExportWritesWhatVllmServes()
    {
        using TemporaryFolder scratch = new();
        string scorer = Golden.At("servers", "reward-2");
        CliRun run = await CliRun.Of("model", "export", scorer, "--for", "vllm", "--dtype", "bfloat16", "--out", scratch.At("served"));
        Assert.Equal(0, run.ExitCode);
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(scratch.At("served", "config.json")));
        Assert.Equal(2, config.RootElement.GetProperty("num_labels").GetInt32());
        using (CheckpointTensors tensors = CheckpointTensors.Open(scratch.At("served")))
        {
            Assert.Contains(ScoreHead.ServedKey, tensors.Names);
            Assert.DoesNotContain(tensors.Names, name => name.Contains("lm_head", StringComparison.Ordinal));
            Assert.Equal(ScalarType.BFloat16, tensors.TypeOf(tensors.Names));
        }
        CliRun policy = await CliRun.Of("model", "export", Golden.At("servers", "model"), "--for", "vllm", "--out", scratch.At("none"));
        Assert.Equal(2, policy.ExitCode);
        Assert.Contains("no score head", policy.Errors, StringComparison.Ordinal);
        CliRun missing = await CliRun.Of("model", "export", scratch.At("missing"), "--for", "vllm", "--out", scratch.At("none"));
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains($"{scratch.At("missing")}: there is no such folder", missing.Errors, StringComparison.Ordinal);
    }
}
