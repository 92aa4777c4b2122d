using System.Text.Json;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>One folder of the reference's variants: what is expected of it, and the folder that a user would have.</summary>
internal sealed class Variant
{
    private Variant(string folder)
    {
        Folder = folder;
        Expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json"))).RootElement;
    }

    /// <summary>The variant's own folder.</summary>
    public string Folder { get; }

    /// <summary>Its expected.json.</summary>
    public JsonElement Expected { get; }

    /// <summary>The base model's folder.</summary>
    public string Base => Path.GetFullPath(Path.Combine(Folder, Expected.GetProperty("base_path").GetString()!));

    /// <summary>It has to load.</summary>
    public bool MustLoad => Wish != "refuse" && AlsoFine != "refuse";

    /// <summary>It has to be refused.</summary>
    public bool MustRefuse => Wish == "refuse" && AlsoFine is null;

    private string Wish => Text("wish") ?? (Expected.GetProperty("loads").GetBoolean() ? "load" : "refuse");

    private string? AlsoFine => Text("also_fine");

    /// <summary>The variants of a folder (weights, configs, adapters) that are of a kind.</summary>
    public static TheoryData<string> Names(string group, string kind)
    {
        TheoryData<string> names = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("variants", group)).Order(StringComparer.Ordinal))
            if (File.Exists(Path.Combine(folder, "expected.json")) && Open(group, Path.GetFileName(folder)).Text("kind") == kind)
                names.Add(Path.GetFileName(folder));
        return names;
    }

    public static Variant Open(string group, string name) => new(Golden.At("variants", group, name));

    public string? Text(string name) => Expected.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()
        : null;

    /// <summary>Writes the folder that a user would have: the base's files, less those that the variant replaces or leaves out, and the variant's
    /// own.</summary>
    public string Assemble(TemporaryFolder temporary)
    {
        string to = Directory.CreateDirectory(temporary.At("model")).FullName;
        HashSet<string> left = [.. Texts("files_not_taken_from_base"), .. Texts("files_here")];
        bool ownWeights = Text("kind") == "weights";
        if (Text("base") is not null)
            foreach (string path in Directory.GetFiles(Base))
            {
                string name = Path.GetFileName(path);
                bool isWeight = name.EndsWith(".bin", StringComparison.Ordinal) || name.Contains(".safetensors", StringComparison.Ordinal);
                if (!left.Contains(name) && !(ownWeights && isWeight)) File.Copy(path, Path.Combine(to, name));
            }
        foreach (string name in Texts("files_here")) File.Copy(Path.Combine(Folder, name), Path.Combine(to, name), overwrite: true);
        return to;
    }

    /// <summary>Runs <paramref name="load"/>, which checks the numbers, and holds it to what is wished and what is fine, too.</summary>
    public void Judge(Action load)
    {
        string? refusal = null;
        try
        {
            using DisposeScope scope = NewDisposeScope();
            load();
        }
        catch (InvalidInputException error)
        {
            refusal = error.Message;
        }
        TestContext.Current.TestOutputHelper?.WriteLine(refusal ?? "loads");
        if (MustLoad) Assert.True(refusal is null, $"must load: {Text("what")}\n{refusal}");
        if (MustRefuse) Assert.True(refusal is not null, $"must be refused: {Text("reason") ?? Text("what")}");
        if (refusal is not null) Assert.True(refusal.Length > 20 && !refusal.Contains('\n'), refusal);
        Refusal = refusal;
    }

    /// <summary>The error that <see cref="Judge"/> met; null where it loaded.</summary>
    public string? Refusal { get; private set; }

    /// <summary>The reference case with the logits, and the case that holds its inputs' pixel values.</summary>
    public (ParityCase Numbers, ParityCase Inputs) Case(string? field = null)
    {
        string own = field ?? (Expected.TryGetProperty("logits", out JsonElement logits) && logits.ValueKind == JsonValueKind.Object
            ? logits.GetProperty("case").GetString()! : OwnCaseOfBase());
        ParityCase numbers = ParityCase.Open(Path.GetFullPath(Path.Combine(Folder, own)) + ".json");
        if (numbers.Field("inputs_and_pixel_values_from") is not { } from) return (numbers, numbers);
        return (numbers, ParityCase.Open(Golden.At("models", from.GetProperty("model").GetString()!, "cases",
            from.GetProperty("case").GetString()! + ".json")));
    }

    /// <summary>Runs a model on the case and compares the logits.</summary>
    public void CompareLogits(VisionLanguageModel model, string tensor = "logits_last")
    {
        using IDisposable noGrad = no_grad();
        (ParityCase numbers, ParityCase inputs) = Case();
        using ParityCase first = numbers, second = inputs;
        ImageEmbeddings? images = model.EmbedImages(inputs.Images(model));
        Tensor ids = numbers.Tensor("input_ids"), mask = numbers.Tensor("attention_mask").to(ScalarType.Bool);
        Tensor logits = model.Logits(model.Hidden(ids, mask, images));
        Tensor expected = numbers.Tensor(tensor);
        long count = expected.shape[1];
        Tensor places = numbers.Has("logits_last_positions") ? numbers.Tensor("logits_last_positions")
            : arange(ids.shape[1] - count, ids.shape[1], ScalarType.Int64).unsqueeze(0);
        Tensor ours = logits.gather(1, places.unsqueeze(-1).expand(-1, -1, logits.shape[2])).to(ScalarType.Float32);
        double over = ((ours - expected).abs() - expected.abs().mul(1e-4) - 2e-4).max().item<float>();
        Assert.True(over <= 0, $"{tensor} differs by {(ours - expected).abs().max().item<float>():G4}");
    }

    private string OwnCaseOfBase() =>
        new[] { "forward-one-image", "forward-image" }.Select(name => Path.Combine(Base, "cases", name)).First(path => File.Exists(path + ".json"));

    private IEnumerable<string> Texts(string name) =>
        Expected.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(item => item.GetString()!)
            : [];
}
