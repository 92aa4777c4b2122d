using System.IO.Compression;
using System.Text;
using CsCheck;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class TorchFileTests
{
    // a global, its argument, the call: what a pickle does to run code
    private static readonly string Touch = "\u0080\u0002cos\nsystem\nX\u0010\u0000\u0000\u0000touch was-called" + "\u0085R.";

    private static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Zip(byte[] pickle, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream entry = archive.CreateEntry("model/data.pkl", level).Open();
            entry.Write(pickle);
        }
        return stream.ToArray();
    }

    private static string Refusal(byte[] bytes)
    {
        using TemporaryFolder temporary = new();
        File.WriteAllBytes(temporary.At("pytorch_model.bin"), bytes);
        string message = Assert.Throws<InvalidInputException>(() => TorchFile.Open(temporary.At("pytorch_model.bin"))).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Single(Directory.GetFileSystemEntries(temporary.Path));
        Assert.False(File.Exists("was-called"));
        return message;
    }

    [Theory]
    [InlineData("cos\nsystem\nX\u0010\u0000\u0000\u0000touch was-called\u0085R.", "os.system")]
    [InlineData("cbuiltins\neval\nX\u0001\u0000\u0000\u00001\u0085R.", "builtins.eval")]
    [InlineData("cposix\nsystem\n.", "posix.system")] // naming it is enough
    [InlineData("ctorch\nload\n)R.", "torch.load")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.", "_rebuild_tensor_v2 is called in a form")]
    [InlineData("ccollections\nOrderedDict\nK\u0001\u0085R.", "OrderedDict is called in a form")]
    [InlineData("(ios\nsystem\n.", "instruction 0x69")] // INST
    [InlineData("cos\u001b[2J\nsystem\n.", "os?[2J.system")] // no control characters reach the terminal
    [InlineData("}\u008c\u0002os.", "instruction 0x8c")] // protocol 4
    [InlineData("}}b.", "no tensors")]
    [InlineData("K\u0001}b.", "sets the state")]
    [InlineData("]]a.", "no dictionary")]
    [InlineData("}K\u0001a.", "no list")]
    [InlineData("t.", "did not begin")]
    [InlineData("(.", "in the middle")]
    [InlineData("h\u0005.", "not there")]
    [InlineData("(}a.", "nothing to work on")]
    [InlineData("}", "cut short")]
    [InlineData("X\u00ff\u00ff\u00ff\u007f.", "cut short")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ff.", "out of range")]
    [InlineData("}.", "no tensors")]
    [InlineData("K\u0001.", "no dictionary")]
    [InlineData("(X\u0007\u0000\u0000\u0000storagectorch\nFloatStorage\nX\u0001\u0000\u0000\u00000X\u0003\u0000\u0000\u0000cpuK\u0009tQ.", "no dictionary")]
    public void WhatNoTensorNeedsIsRefusedByNameInBothForms(string pickle, string named)
    {
        byte[] whole = Latin("\u0080\u0002" + pickle);
        Assert.Contains(named, Refusal(Zip(whole)));
        // the old form is five pickles: a bad one in the first place must not be run, either
        string first = Refusal(whole);
        if (named.Contains('.', StringComparison.Ordinal)) Assert.Contains(named, first);
    }

    [Fact]
    public void OtherFilesAreToldApart()
    {
        Assert.Contains("Git LFS", Refusal("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"u8.ToArray()));
        Assert.Contains("empty", Refusal([]));
        Assert.Contains("not a torch.save file", Refusal("<!DOCTYPE html>"u8.ToArray()));
        Assert.Contains("compressed", Refusal(Zip(Latin("\u0080\u0002}" + new string('N', 4000)), CompressionLevel.Optimal)));
        Assert.Contains("os.system", Refusal(Zip(Latin(Touch))));
        Assert.Contains("protocol is 4", Refusal(Zip([0x80, 4, (byte)'.'])));
    }

    public static TheoryData<string> Files()
    {
        TheoryData<string> files = [];
        foreach (string path in Directory.GetFiles(Golden.At("variants"), "*.bin", SearchOption.AllDirectories)
            .Where(path => new FileInfo(path).Length < 20_000).Order(StringComparer.Ordinal))
            files.Add(Path.GetRelativePath(Golden.At("variants"), path));
        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void ABrokenFileIsReadWithinItsBoundsOrRefused(string name)
    {
        using TemporaryFolder temporary = new();
        byte[] good = File.ReadAllBytes(Golden.At("variants", name));
        int number = 0;
        Mutation.Gen.Array[1, 3].Sample(changes =>
        {
            using DisposeScope scope = NewDisposeScope();
            string path = temporary.At($"{number++}.bin");
            File.WriteAllBytes(path, changes.Aggregate(good, Mutation.Bytes));
            try
            {
                using TorchFile file = TorchFile.Open(path);
                foreach (TensorEntry entry in file.Entries.Values)
                {
                    using Tensor read = file.Read(entry.Name);
                    Assert.Equal(entry.Shape, read.shape);
                    if (read.numel() > 0) _ = read.to(ScalarType.Float64).sum().item<double>(); // touches every byte
                }
            }
            catch (InvalidInputException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
            File.Delete(path);
        }, iter: 150, threads: 1);
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void TensorsOfOneStorageDoNotShareMemory()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (string name in (string[])["file-zip-views", "file-legacy-views"])
        {
            using TorchFile file = TorchFile.Open(Golden.At("variants", "weights", name, "pytorch_model.bin"));
            Tensor one = file.Read("same"), before = file.Read("same").clone();
            foreach (string other in file.Entries.Keys.Where(key => key != "same")) file.Read(other).fill_(-7);
            Assert.True(one.eq(before).all().item<bool>());
        }
    }

    [Fact]
    public void SafetensorsAreLookedForFirstAndAWholeFileBeforeShards()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        File.Copy(Golden.At("variants", "weights", "file-zip-views", "pytorch_model.bin"), temporary.At("pytorch_model.bin"));
        File.WriteAllText(temporary.At("pytorch_model.bin.index.json"), "not read");
        using (CheckpointTensors tensors = CheckpointTensors.Open(temporary.Path)) Assert.Contains("same", tensors.Names);
        SafetensorsWriter.Write(temporary.At("part.safetensors"), new Dictionary<string, Tensor> { ["x"] = ones(2) });
        File.WriteAllText(temporary.At("model.safetensors.index.json"), """{"weight_map": {"x": "part.safetensors"}}""");
        using (CheckpointTensors tensors = CheckpointTensors.Open(temporary.Path)) Assert.Equal(["x"], tensors.Names);
        SafetensorsWriter.Write(temporary.At("model.safetensors"), new Dictionary<string, Tensor> { ["y"] = ones(2) });
        using (CheckpointTensors tensors = CheckpointTensors.Open(temporary.Path)) Assert.Equal(["y"], tensors.Names);
    }
}
