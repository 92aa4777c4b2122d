using System.Text;
using CsCheck;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class CheckpointTensorsTests
{
    private const string Index = "model.safetensors.index.json";

    private static TemporaryFolder Sharded()
    {
        TemporaryFolder folder = new();
        using DisposeScope scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.At("one.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(2), ["b"] = ones(3) });
        SafetensorsWriter.Write(folder.At("two.safetensors"), new Dictionary<string, Tensor> { ["c"] = ones(4) });
        return folder;
    }

    [Theory]
    [InlineData("{\"weight_map\":{\"a\":\"../one.safetensors\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\"/etc/hostname\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\"sub/one.safetensors\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\"..\\\\one.safetensors\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\"..\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\".\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\"\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\"one\\u0000.safetensors\"}}", "not a plain file name")]
    [InlineData("{\"weight_map\":{\"a\":\"three.safetensors\"}}", "missing from the folder")]
    [InlineData("{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"c\":\"one.safetensors\"}}", "tensor 'c' is not in one.safetensors")]
    [InlineData("{\"weight_map\":{\"a\":\"one.safetensors\"}}", "does not place tensor 'b'")]
    [InlineData("{\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"two.safetensors\",\"c\":\"two.safetensors\"}}", "does not place tensor 'b'")]
    [InlineData("{\"weight_map\":{\"a\":\"one.safetensors\",\"a\":\"one.safetensors\"}}", "twice")]
    [InlineData("{\"weight_map\":{\"a\":1}}", "not a file name")]
    [InlineData("{\"weight_map\":{\"a\":\"\\ud800\"}}", "cannot be read as JSON")]
    [InlineData("{\"weight_map\":[]}", "no weight_map")]
    [InlineData("{}", "no weight_map")]
    [InlineData("[]", "no weight_map")]
    [InlineData("{\"weight_map\":{\"a\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}", "cannot be read as JSON")]
    [InlineData("{\"weight_map\":", "cannot be read as JSON")]
    public void AHostileIndexIsRefusedWithItsReason(string index, string named)
    {
        using TemporaryFolder folder = Sharded();
        File.WriteAllText(folder.At(Index), index);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => CheckpointTensors.Open(folder.Path));
        Assert.Contains(named, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void ABrokenIndexIsReadOrRefusedAndNothingElse()
    {
        using TemporaryFolder folder = Sharded();
        byte[] good = Encoding.UTF8.GetBytes(
            "{\"metadata\":{\"total_size\":36},\"weight_map\":{\"a\":\"one.safetensors\",\"b\":\"one.safetensors\",\"c\":\"two.safetensors\"}}");
        int read = 0, refused = 0;
        Mutation.Gen.Array[1, 2].Sample(changes =>
        {
            File.WriteAllBytes(folder.At(Index), changes.Aggregate(good, Mutation.Bytes));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using CheckpointTensors tensors = CheckpointTensors.Open(folder.Path);
                Assert.Equal(["a", "b", "c"], tensors.Names.Order(StringComparer.Ordinal));
                read++;
            }
            catch (InvalidInputException)
            {
                refused++;
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        }, iter: 1000, threads: 1);
        Assert.True(read > 0 && refused > 0);
    }
}
