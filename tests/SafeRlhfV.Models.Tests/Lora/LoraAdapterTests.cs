using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class LoraAdapterTests
{
    private static readonly string Base = Directory.GetDirectories(Golden.At("models"), "llava*")
        .First(folder => File.Exists(Path.Combine(folder, "model.safetensors")));

    private static Tensor Hidden(VisionLanguageModel model)
    {
        using IDisposable noGrad = no_grad();
        Tensor ids = tensor(new long[] { 1, 300, 301, 302, 303 }).view(1, 5);
        return model.Hidden(ids, ones_like(ids, ScalarType.Bool), null);
    }

    private static double Distance(Tensor a, Tensor b) => (a - b).abs().max().item<float>();

    [Fact]
    public void ANewAdapterChangesNothingAndOnlyTheChosenOneWorks()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Base, new LoadOptions { RequiresGradient = false });
        Tensor bare = Hidden(model);
        LoraAdapter one = model.Adapters.Create("one", LoraConfig.ForLanguageModel(4, 8), 1), two = model.Adapters.Create("two",
            LoraConfig.ForLanguageModel(4, 8), 2);
        using (model.UseAdapter("one")) Assert.Equal(0, Distance(bare, Hidden(model)));
        using (no_grad())
            foreach (LoraAdapter adapter in new[] { one, two })
                foreach ((string key, TorchSharp.Modules.Parameter parameter) in adapter.NamedParameters)
                    if (key.EndsWith("lora_B.weight", StringComparison.Ordinal)) parameter.normal_(0, 0.1);
        Assert.Equal(0, Distance(bare, Hidden(model)));
        Tensor withOne, withTwo;
        using (model.UseAdapter("one")) withOne = Hidden(model);
        using (model.UseAdapter("two"))
        {
            withTwo = Hidden(model);
            using (model.UseAdapter(null)) Assert.Equal(0, Distance(bare, Hidden(model)));
            using (model.UseAdapter("one")) Assert.Equal(0, Distance(withOne, Hidden(model)));
            Assert.Equal(0, Distance(withTwo, Hidden(model)));
        }
        Assert.True(Distance(bare, withOne) > 1e-3 && Distance(withOne, withTwo) > 1e-3);
        one.Merge();
        Assert.True(Distance(withOne, Hidden(model)) < 1e-4);
    }

    /// <summary>A merge would spread them over the whole weight, and all that is computed with it.</summary>
    [Theory]
    [InlineData("lora_A.weight", double.NaN)]
    [InlineData("lora_B.weight", double.NaN)]
    [InlineData("lora_B.weight", double.PositiveInfinity)]
    public void AnAdapterWithNumbersThatAreNotFiniteIsRefusedByName(string end, double number)
    {
        using TemporaryFolder temporary = new();
        using VisionLanguageModel model = ModelCheckpoint.Load(Base, new LoadOptions { RequiresGradient = false });
        LoraAdapter adapter = model.Adapters.Create("one", LoraConfig.ForLanguageModel(4, 8), 1);
        using (no_grad()) adapter.NamedParameters.Last(named => named.Item1.EndsWith(end, StringComparison.Ordinal)).Item2[0, 0] = number;
        adapter.Save(temporary.At("adapter"));
        string message = Assert.Throws<InvalidInputException>(() => model.Adapters.Load("again", temporary.At("adapter"))).Message;
        Assert.Matches($"'.*{end}' has numbers that are not finite", message);
    }

    [Fact]
    public void AScoreHeadWithNumbersThatAreNotFiniteIsRefusedByName()
    {
        using TemporaryFolder temporary = new();
        using (Tensor weight = full([1, 8], double.NaN))
            SafetensorsWriter.Write(temporary.At(ScoreHead.FileName), [KeyValuePair.Create("score.weight", weight)]);
        Assert.Contains("'score.weight' has numbers that are not finite",
            Assert.Throws<InvalidInputException>(() => ScoreHead.Load(temporary.Path, 8)).Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ATargetThatMatchesNothingIsRefusedEvenBesideRightOnes(bool asPattern)
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Base, new LoadOptions { RequiresGradient = false });
        string[] targets = ["q_proj", "v_porj", "up_proj"];
        LoraConfig config = asPattern ? LoraConfig.ForLanguageModel(4, 8, layers: targets) : new LoraConfig { Rank = 4, TargetModules = targets };
        string message = Assert.Throws<InvalidInputException>(() => model.Adapters.Create("one", config, 1)).Message;
        Assert.Contains("the target 'v_porj' matches no linear layer", message);
        Assert.Contains("v_proj", message); // what there is
        LoraConfig twice = config with { TargetModules = asPattern ? [] : ["q_proj"], PatternNames = asPattern ? ["q_proj"] : [], ModulesToSave = ["q_proj"] };
        Assert.Contains("take it out of modules_to_save",
            Assert.Throws<InvalidInputException>(() => model.Adapters.Create("one", twice, 1)).Message, StringComparison.Ordinal);
        Assert.Empty(model.Adapters.Names);
        Assert.NotEmpty(model.Adapters.Create("one",
            config with
            {
                TargetModules = asPattern ? [] : ["q_proj", "self_attn.v_proj"],
                TargetPattern = asPattern ? config.TargetPattern : null,
                PatternNames = asPattern ? ["q_proj", "up_proj"] : []
            }, 1).Parameters);
    }

    [Fact]
    public void MergedForAWhileItGivesTheSameAndLeavesTheModelAlone()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Base, new LoadOptions { RequiresGradient = false });
        LoraAdapter adapter = model.Adapters.Create("one", LoraConfig.ForLanguageModel(4, 8), 1);
        using (no_grad())
            foreach (TorchSharp.Modules.Parameter parameter in adapter.Parameters) parameter.normal_(0, 0.1);
        Tensor bare = Hidden(model), beside, merged;
        using (model.UseAdapter("one")) beside = Hidden(model);
        using (model.Adapters.UseMerged("one"))
        {
            merged = Hidden(model);
            Assert.Equal(0, Distance(merged, Hidden(model)));
            using (model.UseAdapter(null)) Assert.Equal(0, Distance(bare, Hidden(model)));
        }
        Assert.True(Distance(beside, merged) < 1e-4 && Distance(bare, merged) > 1e-3, $"{Distance(beside, merged)}");
        Assert.Equal(0, Distance(bare, Hidden(model)));
    }

    [Fact]
    public void DropoutDropsOnlyWhereItIsAskedForAndDrawsFromItsOwnStream()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = WithAdapter(dropout: 0.5);
        Tensor Run(DropoutStream? dropout)
        {
            using IDisposable use = model.Adapters.Use("one", dropout);
            return Hidden(model);
        }
        Tensor whole = Run(null), first = Run(new(7, "a"));
        random.manual_seed(3); // what others do with the process's own generator
        Assert.Equal(0, Distance(first, Run(new(7, "a"))));
        Assert.True(Distance(whole, first) > 1e-3 && Distance(first, Run(new(7, "b"))) > 1e-3 && Distance(first, Run(new(8, "a"))) > 1e-3);
        DropoutStream going = new(7, "a");
        Assert.Equal(0, Distance(first, Run(going)));
        Assert.True(Distance(first, Run(going)) > 1e-3);
    }

    [Fact]
    public void DropoutKeepsTheMean()
    {
        using DisposeScope scope = NewDisposeScope();
        LoraPair pair = new(new(eye(4)), new(eye(4)), Scaling: 2, Dropout: 0.25);
        Tensor x_NI = ones(20_000, 4), y_NO = zeros(20_000, 4);
        pair.AddTo(y_NO, x_NI, new DropoutStream(1, "mean"));
        Assert.InRange(y_NO.mean().item<float>(), 1.98f, 2.02f);
        Assert.Equal([0f, 2 / 0.75f], y_NO.unique().output.data<float>().ToArray());
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.4)]
    public void BlocksThatAreRunAgainGiveTheSameGradients(double dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = WithAdapter(dropout);
        Tensor ids = tensor(new long[] { 1, 300, 301, 302, 303, 304 }).view(2, 3);
        DropoutStream[] streams = [new(1, "x"), new(1, "x")];
        Tensor[][] gradients = [.. new[] { false, true }.Select((checkpointing, run) =>
        {
            model.Decoder.GradientCheckpointing = checkpointing;
            // twice, as with two parts of a batch: the second pass must not draw the first one's masks
            for (int part = 0; part < 2; part++)
                using (model.Adapters.Use("one", streams[run])) model.Hidden(ids, ones_like(ids, ScalarType.Bool), null).square().sum().backward();
            Tensor[] all = [.. model.Adapters["one"].Parameters.Select(parameter => parameter.grad!.clone())];
            foreach (TorchSharp.Modules.Parameter parameter in model.Adapters["one"].Parameters) parameter.grad = null;
            return all;
        })];
        Assert.Equal(streams[0].Position, streams[1].Position);
        Assert.All(gradients[0].Zip(gradients[1]),
            pair => Assert.True(Distance(pair.First, pair.Second) <= 1e-5 * (1 + pair.First.abs().max().item<float>()),
                $"{Distance(pair.First, pair.Second)}"));
        Assert.Contains(gradients[0], gradient => gradient.abs().max().item<float>() > 1e-3);
    }

    // an adapter that changes what it is at, with the same numbers every time
    private static VisionLanguageModel WithAdapter(double dropout)
    {
        VisionLanguageModel model = ModelCheckpoint.Load(Base, new LoadOptions { RequiresGradient = false });
        using IDisposable noGrad = no_grad();
        using Generator generator = new(11);
        foreach (TorchSharp.Modules.Parameter parameter in model.Adapters.Create("one", LoraConfig.ForLanguageModel(4, 8, dropout), 1).Parameters)
        {
            using Tensor values = randn(parameter.shape, generator: generator);
            parameter.copy_(values * 0.1);
        }
        return model;
    }

    [Fact]
    public void GradientsReachTheAdapterAndNotTheFrozenModel()
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Base, new LoadOptions { RequiresGradient = false });
        LoraAdapter adapter = model.Adapters.Create("one", LoraConfig.ForLanguageModel(4, 8), 1);
        Tensor ids = tensor(new long[] { 1, 300, 301, 302, 303 }).view(1, 5);
        using (model.UseAdapter("one")) model.Logits(model.Hidden(ids, ones_like(ids, ScalarType.Bool), null)).sum().backward();
        Assert.All(adapter.NamedParameters.Where(pair => pair.Key.EndsWith("lora_B.weight", StringComparison.Ordinal)),
            pair => Assert.True(pair.Parameter.grad!.abs().sum().item<float>() > 0, pair.Key));
        Assert.All(model.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void ASavedAdapterLoadsToTheSameNumbers()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        using VisionLanguageModel model = ModelCheckpoint.Load(Base);
        LoraAdapter adapter = model.Adapters.Create("one", new LoraConfig { Rank = 3, Alpha = 6, TargetModules = ["q_proj", "down_proj"] }, 1);
        using (no_grad())
            foreach (TorchSharp.Modules.Parameter parameter in adapter.Parameters) parameter.normal_(0, 0.1);
        adapter.Save(temporary.At("adapter"));
        model.Adapters.Load("again", temporary.At("adapter"));
        Tensor before, after;
        using (model.UseAdapter("one")) before = Hidden(model);
        using (model.UseAdapter("again")) after = Hidden(model);
        Assert.Equal(0, Distance(before, after));
    }

    [Fact]
    public void AdaptersUnderOldNamesLoadAsThoseUnderNewOnes()
    {
        int pairs = 0;
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Where(folder => File.Exists(Path.Combine(folder, "adapter_config.json"))))
        {
            string baseFolder = LoraConfig.FindBase(folder);
            if (ModelFamilies.Find(ConfigReader.Open(Path.Combine(baseFolder, "config.json")).Text("model_type")) is not { } family) continue;
            using DisposeScope scope = NewDisposeScope();
            using TemporaryFolder temporary = new();
            using VisionLanguageModel model = ModelCheckpoint.Load(baseFolder);
            LoraAdapter adapter = model.Adapters.Load("new", folder);
            foreach (KeyLayout layout in family.Layouts)
            {
                string old = Directory.CreateDirectory(temporary.At(layout.Name)).FullName;
                File.Copy(Path.Combine(folder, "adapter_config.json"), Path.Combine(old, "adapter_config.json"));
                KeyLayout memory = family.Layouts.First(known => known.Fits(adapter.NamedParameters.Select(pair => pair.Key["base_model.model.".Length..])));
                SafetensorsWriter.Write(Path.Combine(old, "adapter_model.safetensors"), adapter.NamedParameters.Select(pair =>
                    KeyValuePair.Create("base_model.model." + layout.ToFile(memory.ToCanonical(pair.Key["base_model.model.".Length..])!),
                        (Tensor)pair.Parameter)));
                LoraAdapter again = model.Adapters.Load(layout.Name, old);
                Tensor one, two;
                using (model.UseAdapter("new")) one = Hidden(model);
                using (model.UseAdapter(layout.Name)) two = Hidden(model);
                Assert.Equal(0, Distance(one, two));
                pairs++;
            }
        }
        Assert.True(pairs > 0);
    }

    [Fact]
    public void OldNamesOnTheDiskGiveTheNumbersOfTheNewOnes()
    {
        int folders = 0;
        foreach (string folder in Directory.GetDirectories(Golden.At("models"))
            .Where(folder => File.Exists(Path.Combine(folder, "old-names", "adapter_config.json"))))
        {
            using DisposeScope scope = NewDisposeScope();
            using VisionLanguageModel model = ModelCheckpoint.Load(LoraConfig.FindBase(folder));
            LoraAdapter current = model.Adapters.Load("new", folder), old = model.Adapters.Load("old", Path.Combine(folder, "old-names"));
            Assert.DoesNotContain(old.NamedParameters, pair => current.NamedParameters.Any(other => other.Key == pair.Key));
            Tensor bare = Hidden(model), one, two;
            using (model.UseAdapter("new")) one = Hidden(model);
            using (model.UseAdapter("old")) two = Hidden(model);
            Assert.Equal(0, Distance(one, two));
            Assert.True(Distance(bare, one) > 1e-3);
            folders++;
        }
        Assert.True(folders > 0);
    }

    [Theory]
    [InlineData("{\"peft_type\":\"LORA\",\"r\":4,\"use_dora\":true,\"lora_bias\":true,\"target_modules\":[\"q_proj\"]}", "lora_bias")]
    [InlineData("{\"peft_type\":\"LORA\",\"made_up_next_year\":{\"a\":1}}", "made_up_next_year")]
    [InlineData("{\"peft_type\":\"LORA\",\"init_lora_weights\":\"olora\"}", "olora")]
    [InlineData("{\"peft_type\":\"LORA\",\"bias\":\"some\"}", "bias must")]
    [InlineData("{\"peft_type\":\"LORA\",\"rank_pattern\":{\"q_proj\":0}}", "rank_pattern.q_proj")]
    [InlineData("{\"peft_type\":\"LORA\",\"ensure_weight_tying\":true}", "ensure_weight_tying")]
    [InlineData("{\"peft_type\":\"IA3\"}", "peft_type")]
    [InlineData("{\"peft_type\":\"LORA\",\"r\":0}", "r must")]
    [InlineData("[]", "root")]
    public void WhatIsNotPlainLoraIsRefusedByName(string json, string named)
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.At("adapter_config.json"), json);
        Assert.Contains(named, Assert.Throws<InvalidInputException>(() => LoraConfig.Load(temporary.Path)).Message);
    }
}
