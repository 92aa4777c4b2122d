using System.Text.Json;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Which generated tokens count: those up to and with the first end token, as the generator takes them and as batches mask them.</summary>
public sealed class ResponseMaskTests
{
    [Fact]
    public void LengthsAndMasksAreThoseOfTheReference()
    {
        Check("objectives", "response_mask", one => Ids(one.GetProperty("params").GetProperty("eos")), "generated", "outputs");
        // the whole PPO step begins with ids, too: there the prompt stands before the response
        Check("objectives", "full_step", one => [one.GetProperty("params").GetProperty("eos").GetInt32()], "ids", "inputs");
        Check("objectives-2", "length_penalty", one => Ids(one.GetProperty("params").GetProperty("eos")), "generated", "outputs", "mask_unfiltered");
    }

    private static void Check(string set, string name, Func<JsonElement, HashSet<int>> ends, string ids, string lengths, string masks = "mask")
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Golden.At(set, "index.json")));
        JsonElement objective = index.RootElement.GetProperty("objectives").GetProperty(name);
        using SafetensorsFile file = SafetensorsFile.Open(Golden.At(set, objective.GetProperty("file").GetString()!));
        int count = 0;
        foreach (JsonElement one in objective.GetProperty("cases").EnumerateArray().Where(one => one.GetProperty("inputs").TryGetProperty(ids, out _)))
        {
            using DisposeScope scope = NewDisposeScope();
            string caseName = one.GetProperty("name").GetString()!;
            Tensor Read(string side, string key) => file.Read(one.GetProperty(side).GetProperty(key).GetProperty("tensor").GetString()!);
            Tensor generated = Read("inputs", ids), mask = Read("outputs", masks);
            int width = (int)mask.shape[1];
            GenerationRow[] rows = [.. Enumerable.Range(0, (int)mask.shape[0]).Select(row => Take(generated[row].data<long>().ToArray()[^width..], ends(one)))];
            Assert.True(rows.Select(row => (long)row.Response.Count).SequenceEqual(Read(lengths, "response_len").data<long>().ToArray()), caseName);
            TokenBatch batch = TokenBatch.PadRight([.. rows.Select(row => row.Response)], padTokenId: 0);
            Tensor padding = zeros([mask.shape[0], width - batch.Mask_BL.shape[1]], ScalarType.Bool);
            Assert.True(cat([batch.Mask_BL, padding], 1).eq(mask).all().item<bool>(), caseName);
            if (one.GetProperty("outputs").TryGetProperty("truncated", out _))
                Assert.True(rows.Select(row => row.Finish == FinishReason.Length).SequenceEqual(Read("outputs", "truncated").data<bool>().ToArray()), caseName);
            count++;
        }
        Assert.True(count > 0);
    }

    // a row that has ended is given no more tokens
    private static GenerationRow Take(long[] tokens, HashSet<int> ends)
    {
        GenerationRow row = new([], 0, tokens.Length);
        foreach (long token in tokens)
            if (row.Finish is null) row.Take((int)token, ends, 0, stop: null);
        Assert.Equal(ends.Contains(row.Response[^1]) ? FinishReason.EndToken : FinishReason.Length, row.Finish);
        return row;
    }

    private static HashSet<int> Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}
