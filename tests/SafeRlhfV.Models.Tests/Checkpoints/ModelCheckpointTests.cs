using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ModelCheckpointTests
{
    public static TheoryData<string> Folders()
    {
        TheoryData<string> data = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Order(StringComparer.Ordinal))
            if (File.Exists(Path.Combine(folder, "config.json"))
                && ModelFamilies.Find(ConfigReader.Open(Path.Combine(folder, "config.json")).Text("model_type")) is not null)
                data.Add(Path.GetFileName(folder));
        return data;
    }

    // the hub's cache: snapshots/REVISION holds links to files of blobs
    [Theory]
    [MemberData(nameof(Folders))]
    public void AFolderOfLinksLoadsAsTheFilesDo(string name)
    {
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", name), links = temporary.At("snapshots", "main");
        Directory.CreateDirectory(temporary.At("blobs"));
        Directory.CreateDirectory(links);
        foreach ((int number, string file) in Directory.EnumerateFiles(source).Index())
        {
            File.Copy(file, temporary.At("blobs", $"{number}"));
            File.CreateSymbolicLink(Path.Combine(links, Path.GetFileName(file)), Path.Combine("..", "..", "blobs", $"{number}"));
        }
        using CheckpointTensors files = CheckpointTensors.Open(source), linked = CheckpointTensors.Open(links);
        Assert.Equal(files.TotalBytes, linked.TotalBytes);
        ModelCheckpoint.Load(links).Dispose();
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void SavingWritesTheKeysAndValuesThatWereLoaded(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", name), copy = temporary.At("copy");
        using (VisionLanguageModel model = ModelCheckpoint.Load(source)) ModelCheckpoint.Save(model, copy);
        using CheckpointTensors before = CheckpointTensors.Open(source), after = CheckpointTensors.Open(copy);
        Assert.Equal(before.Names.Order(StringComparer.Ordinal), after.Names.Order(StringComparer.Ordinal));
        foreach (string key in before.Names)
        {
            Assert.Equal(before.Entry(key).Dtype, after.Entry(key).Dtype);
            Tensor old = before.FileOf(key).Read(key), written = after.FileOf(key).Read(key);
            Assert.Equal(old.shape, written.shape);
            Assert.True(old.eq(written).all().item<bool>(), key);
        }
        Assert.True(File.Exists(Path.Combine(copy, "tokenizer.json")));
        ModelCheckpoint.Load(copy).Dispose();
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void EveryLayoutAndShardingGivesTheSameWeightsAgain(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", name));
        Dictionary<string, Tensor> weights = model.named_parameters().ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter);
        foreach (KeyLayout layout in ModelFamilies.Find(model.Config.ModelType)!.Layouts)
        {
            string folder = temporary.At(layout.Name);
            ModelCheckpoint.Save(model, folder, new SaveOptions { Layout = layout.Name, MaxShardBytes = 100_000 });
            Assert.True(File.Exists(Path.Combine(folder, "model.safetensors.index.json")));
            using VisionLanguageModel again = ModelCheckpoint.Load(folder);
            Assert.Equal(layout.Name, again.Origin!.Layout.Name);
            foreach ((string key, TorchSharp.Modules.Parameter parameter) in again.named_parameters())
                Assert.True(parameter.eq(weights[key]).all().item<bool>(), key);
            Assert.Equal(0, (Logits(model) - Logits(again)).abs().max().to(ScalarType.Float32).item<float>());
        }
    }

    private static Tensor Logits(VisionLanguageModel model)
    {
        using IDisposable noGrad = no_grad();
        Tensor ids = tensor(new long[] { 1, 300, 301, 302 }).view(1, 4);
        return model.Logits(model.Hidden(ids, ones_like(ids, ScalarType.Bool), null));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void ANewModelDependsOnTheSeedAlone(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        ModelConfig config = ModelConfig.Load(Golden.At("models", name));
        using VisionLanguageModel one = ModelFactory.Create(config, 7, Initialization.BuiltInWorld), two = ModelFactory.Create(config, 7,
            Initialization.BuiltInWorld), other = ModelFactory.Create(config, 8);
        var parameters = one.named_parameters().ToList();
        foreach (var ((key, parameter), (_, same)) in parameters.Zip(two.named_parameters())) Assert.True(parameter.eq(same).all().item<bool>(), key);
        Assert.Contains(parameters.Zip(other.named_parameters()), pair => !pair.First.parameter.eq(pair.Second.parameter).all().item<bool>());
        Assert.All(parameters, pair => Assert.True(pair.parameter.isfinite().all().item<bool>(), pair.name));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void AnOwnHeadBesideATiedTableIsUsedAndKeptAndOneMatrixAloneServesAsBoth(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using TemporaryFolder temporary = new();
        using VisionLanguageModel tied = ModelCheckpoint.Load(Golden.At("models", name), new LoadOptions { Dtype = ScalarType.Float32 });
        if (!tied.Config.TieWordEmbeddings) return; // its weights say so, whatever config.json says
        ModelCheckpoint.Save(tied, temporary.At("own"));
        string weights = temporary.At("own", "model.safetensors");
        Dictionary<string, Tensor> tensors = [];
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
            foreach (string key in file.Entries.Keys) tensors[key] = file.Read(key).clone();
        string table = tensors.Keys.First(key => key.EndsWith("embed_tokens.weight", StringComparison.Ordinal)),
            head = tied.Origin!.Layout.ToFile(tied.HeadName + ".weight");
        Tensor own = tensors[head] = tensors[table].flip(0).contiguous();
        SafetensorsWriter.Write(weights, tensors);
        bool isGemma = name.Contains("gemma", StringComparison.Ordinal),
            saysTied = File.ReadAllText(temporary.At("own", "config.json")).Contains("\"tie_word_embeddings\": true", StringComparison.Ordinal);
        List<string> notices = [];
        void Hear(string notice)
        {
            // other tests load checkpoints meanwhile
            if (notice.StartsWith(temporary.Path, StringComparison.Ordinal)) notices.Add(notice);
        }

        ModelCheckpoint.Noticed += Hear;
        CheckpointConverter.Convert(temporary.At("own"), temporary.At("converted"));
        ModelCheckpoint.Load(temporary.At("converted")).Dispose(); // its config says what it holds: nothing to notice
        ModelCheckpoint.Noticed -= Hear;
        // no released Gemma has an output layer of its own
        Assert.Equal(saysTied || isGemma ? 1 : 0, notices.Count);
        Assert.All(notices, notice => Assert.Contains(saysTied ? "config.json says tie_word_embeddings: true, but the files hold an output layer"
            : "config.json does not say tie_word_embeddings: false, but the files hold an output layer", notice, StringComparison.Ordinal));
        foreach (string folder in (string[])["own", "converted"])
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(temporary.At(folder));
            Assert.False(model.Config.TieWordEmbeddings);
            Assert.Equal(0, (Logits(model) - Logits(tied).flip(-1)).abs().max().item<float>(), 1e-4f);
            Assert.True(model.Head.Weight.eq(own).all().item<bool>());
        }
        Assert.False(ModelConfig.Load(temporary.At("converted")).TieWordEmbeddings);

        tensors[head] = tensors[table];
        tensors.Remove(table);
        SafetensorsWriter.Write(weights, tensors);
        using VisionLanguageModel alone = ModelCheckpoint.Load(temporary.At("own"));
        Assert.Equal(0, (Logits(alone) - Logits(tied)).abs().max().item<float>());
    }

    [Fact]
    public void TensorsThatAreMissingUnusedOrMisshapenAreNamed()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string source = Directory.GetDirectories(Golden.At("models"), "llava*").First(folder => File.Exists(Path.Combine(folder, "model.safetensors")));
        Dictionary<string, Tensor> weights = [];
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(source, "model.safetensors")))
            foreach (string key in file.Entries.Keys) weights[key] = file.Read(key);
        string removed = weights.Keys.First(key => key.Contains("q_proj", StringComparison.Ordinal));

        string Message(Dictionary<string, Tensor> changed)
        {
            string folder = Directory.CreateDirectory(temporary.At(Guid.NewGuid().ToString("N"))).FullName;
            File.Copy(Path.Combine(source, "config.json"), Path.Combine(folder, "config.json"));
            SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), changed);
            return Assert.Throws<InvalidInputException>(() => ModelCheckpoint.Load(folder)).Message;
        }

        Assert.Contains(removed, Message(weights.Where(pair => pair.Key != removed).ToDictionary()));
        Assert.Contains("multi_modal_projector.linear_9.weight", Message(new(weights) { ["multi_modal_projector.linear_9.weight"] = ones(2) }));
        Assert.Contains("strange.weight", Message(new(weights) { ["strange.weight"] = ones(2) }));
        Assert.Contains(removed, Message(new(weights) { [removed] = ones(2, 3) }));
    }
}
