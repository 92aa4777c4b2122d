using System.Buffers.Binary;
using System.Text;
using CsCheck;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class SafetensorsFileTests
{
    private const string One = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    private static byte[] File(string header, int data, ulong? claimed = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header), bytes = new byte[8 + json.Length + data];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, claimed ?? (ulong)json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }

    private static string Refusal(byte[] bytes)
    {
        using TemporaryFolder temporary = new();
        System.IO.File.WriteAllBytes(temporary.At("x.safetensors"), bytes);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(temporary.At("x.safetensors")));
        Assert.Contains("x.safetensors", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        return error.Message;
    }

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "F31")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "impossible shape")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[9223372036854775807,9223372036854775807],\"data_offsets\":[0,8]}}", 8, "impossible shape")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]}}", 8, "impossible shape")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "needs 12")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "cut short")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "outside")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, "outside")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,16]}}", 8, "lacks")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8]}}", 8, "not valid JSON of the expected form")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", 8, "not valid JSON of the expected form")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", 8, "more than 16")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"more\":1}}", 8, "unknown field")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", 16,
        "twice")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12,
        "overlaps")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}", 20,
        "belong to no tensor")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "belong to no tensor")]
    [InlineData("{\"a\":[[[[[[[[[[]]]]]]]]]]}", 0, "not valid JSON of the expected form")]
    [InlineData("{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "not valid JSON of the expected form")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", 0, "not valid JSON of the expected form")]
    [InlineData("[]", 0, "not valid JSON of the expected form")]
    [InlineData("{} {}", 0, "not valid JSON of the expected form")]
    public void AHostileHeaderIsRefusedWithItsReason(string header, int data, string named) => Assert.Contains(named, Refusal(File(header, data)));

    [Theory]
    [InlineData(0ul)]
    [InlineData(57ul)]
    [InlineData(1_000_000ul)]
    [InlineData(100_000_001ul)]
    [InlineData(9223372036854775807ul)]
    [InlineData(18446744073709551615ul)]
    public void ALengthThatIsNotTrueIsRefusedBeforeMemoryIsTaken(ulong claimed)
    {
        byte[] bytes = File(One, 8, claimed);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refusal(bytes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void FilesTooShortAreRefused()
    {
        Refusal([]);
        Refusal([1, 2, 3]);
        Refusal(new byte[8]);
    }

    [Fact]
    public void ABrokenFileIsReadOrRefusedAndNothingElse()
    {
        using TemporaryFolder temporary = new();
        SafetensorsWriter.Write(temporary.At("good"), new Dictionary<string, Tensor>
        {
            ["wide"] = arange(6, ScalarType.Int64).view(2, 3),
            ["half"] = ones([5], ScalarType.BFloat16),
            ["flag"] = ones([3], ScalarType.Bool),
            ["none"] = zeros([0, 4]),
            ["scalar"] = tensor(1.5f),
        });
        byte[] good = System.IO.File.ReadAllBytes(temporary.At("good"));
        int number = 0, read = 0;
        Mutation.Gen.Array[1, 3].Sample(changes =>
        {
            using DisposeScope scope = NewDisposeScope();
            byte[] bytes = changes.Aggregate(good, Mutation.Bytes);
            string path = temporary.At(Interlocked.Increment(ref number).ToString(System.Globalization.CultureInfo.InvariantCulture));
            System.IO.File.WriteAllBytes(path, bytes);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (TensorEntry entry in file.Entries.Values)
                {
                    Assert.InRange(entry.Offset, 8, bytes.Length);
                    Assert.InRange(entry.Offset + entry.Length, 8, bytes.Length);
                    Assert.Equal(entry.Shape, file.Read(entry.Name).shape);
                }
                Interlocked.Increment(ref read);
            }
            catch (InvalidInputException)
            {
                // refused with a reason
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
            System.IO.File.Delete(path);
        }, iter: 2000, threads: 1);
        Assert.InRange(read, 1, number - 1);
    }

    [Fact]
    public void WhatIsWrittenIsReadAgain()
    {
        using TemporaryFolder temporary = new();
        ScalarType[] types = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float64, ScalarType.Int64, ScalarType.Int32,
            ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool];
        Gen.Select(Gen.Dictionary(Gen.String[1, 20], Gen.Select(Gen.Int[0, 4].Array[0, 4], Gen.Int[0, types.Length - 1], (shape, type) => (shape, type)))[0, 8],
            Gen.Int[0, 1 << 20]).Sample((wanted, seed) =>
        {
            if (wanted.ContainsKey("__metadata__") || wanted.Keys.Any(name => name.Any(char.IsSurrogate))) return;
            using DisposeScope scope = NewDisposeScope();
            Dictionary<string, Tensor> tensors = wanted.ToDictionary(pair => pair.Key,
                pair => (rand([.. pair.Value.shape.Select(size => (long)size)]) * 100).to(types[pair.Value.type]));
            SafetensorsWriter.Write(temporary.At("x"), tensors);
            using SafetensorsFile file = SafetensorsFile.Open(temporary.At("x"));
            Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Entries.Keys.Order(StringComparer.Ordinal));
            foreach ((string name, Tensor tensor) in tensors)
            {
                Tensor again = file.Read(name);
                Assert.Equal(tensor.dtype, again.dtype);
                Assert.Equal(tensor.shape, again.shape);
                Assert.True(tensor.numel() == 0 || tensor.eq(again).all().item<bool>(), name);
            }
        }, iter: 100, threads: 1);
    }
}
