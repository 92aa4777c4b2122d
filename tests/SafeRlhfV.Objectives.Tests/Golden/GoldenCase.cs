using System.Text.Json;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>One case of index.json in golden/objectives or golden/objectives-2.</summary>
internal sealed class GoldenCase
{
    private static readonly string[] Sets = ["objectives", "objectives-2"];
    private static readonly Lazy<IReadOnlyList<GoldenCase>> Found = new(() => [.. Sets.SelectMany(Read)]);
    private readonly JsonElement description;
    private readonly JsonElement tolerance;
    private readonly Lazy<GoldenTensors> tensors;

    private GoldenCase(string objective, JsonElement description, JsonElement tolerance, Lazy<GoldenTensors> tensors)
    {
        Objective = objective;
        (this.description, this.tolerance, this.tensors) = (description, tolerance, tensors);
    }

    /// <summary>Every case of every objective in the two indexes.</summary>
    public static IReadOnlyList<GoldenCase> All => Found.Value;

    public string Objective { get; }
    public string Name => description.GetProperty("name").GetString()!;
    public IEnumerable<string> Outputs => description.GetProperty("outputs").EnumerateObject().Select(output => output.Name);
    public bool Has(string parameter) => description.GetProperty("params").TryGetProperty(parameter, out _);
    public double Number(string parameter) => Parameter(parameter).GetDouble();
    public double? OptionalNumber(string parameter) => Has(parameter) && Parameter(parameter).ValueKind != JsonValueKind.Null ? Number(parameter) : null;
    public string Text(string parameter) => Parameter(parameter).GetString()!;
    public bool Flag(string parameter) => Parameter(parameter).GetBoolean();
    public bool HasInput(string input) => description.GetProperty("inputs").TryGetProperty(input, out _);
    public JsonElement Parameters => description.GetProperty("params");
    public JsonElement Parameter(string name) => description.GetProperty("params").GetProperty(name);

    /// <summary>An input as it is stored.</summary>
    public Tensor Stored(string input) => tensors.Value.Read(description.GetProperty("inputs").GetProperty(input).GetProperty("tensor").GetString()!);

    /// <summary>A floating input in the precision of this run.</summary>
    public Tensor Input(string input, ScalarType dtype) => Stored(input).to(dtype);

    public Tensor Expected(string output) => tensors.Value.Read(description.GetProperty("outputs").GetProperty(output).GetProperty("tensor").GetString()!);

    /// <summary>The precisions that the objective is given in.</summary>
    public IEnumerable<ScalarType> Precisions =>
        tolerance.EnumerateObject().Select(entry => entry.Name == "f64" ? ScalarType.Float64 : ScalarType.Float32);

    public (double Relative, double Absolute) Tolerance(ScalarType dtype)
    {
        JsonElement entry = tolerance.GetProperty(dtype == ScalarType.Float64 ? "f64" : "f32");
        return (entry.GetProperty("rtol").GetDouble(), entry.GetProperty("atol").GetDouble());
    }

    private static List<GoldenCase> Read(string set)
    {
        List<GoldenCase> cases = [];
        JsonElement objectives = JsonDocument.Parse(File.ReadAllText(Testing.Golden.At(set, "index.json"))).RootElement.GetProperty("objectives");
        foreach (JsonProperty objective in objectives.EnumerateObject())
        {
            Lazy<GoldenTensors> tensors = new(() => new GoldenTensors(Testing.Golden.At(set, objective.Value.GetProperty("file").GetString()!)));
            foreach (JsonElement one in objective.Value.GetProperty("cases").EnumerateArray())
                cases.Add(new GoldenCase(objective.Name, one, objective.Value.GetProperty("tolerance"), tensors));
        }
        return cases;
    }
}
