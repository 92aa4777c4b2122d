using System.Text.Json;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class LogitsFilterTests
{
    [Fact]
    public void FiltersKeepWhatTheReferenceKeeps()
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Golden.At("objectives", "index.json")));
        JsonElement filters = index.RootElement.GetProperty("objectives").GetProperty("sampling_filters");
        using SafetensorsFile file = SafetensorsFile.Open(Golden.At("objectives", filters.GetProperty("file").GetString()!));
        int count = 0;
        foreach (JsonElement one in filters.GetProperty("cases").EnumerateArray())
        {
            using DisposeScope scope = NewDisposeScope();
            string name = one.GetProperty("name").GetString()!;
            JsonElement parameters = one.GetProperty("params");
            double Number(string key, double fallback) => parameters.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number
                ? value.GetDouble() : fallback;
            Tensor Read(string side, string key) => file.Read(one.GetProperty(side).GetProperty(key).GetProperty("tensor").GetString()!);
            Tensor logits = Read("inputs", "logits"), previous = Read("inputs", "previous_ids");
            Tensor seen = zeros_like(logits, ScalarType.Bool).scatter_(1, previous, ones_like(previous, ScalarType.Bool));
            int keep = (int)Number("min_tokens_to_keep", 1);
            Tensor ours = LogitsFilter.Penalise(logits, seen, Number("repetition_penalty", 1));
            ours = LogitsFilter.TopP(LogitsFilter.TopK(LogitsFilter.Temper(ours, Number("temperature", 1)), (int)Number("top_k", 0), keep), Number("top_p", 1),
                keep);
            Assert.True(ours.isfinite().eq(Read("outputs", "kept")).all().item<bool>(), name);
            Tensor difference = (ours.softmax(-1) - Read("outputs", "probs")).abs();
            Assert.True(difference.max().item<float>() < 1e-5, name);
            count++;
        }
        Assert.True(count > 0);
    }
}
