using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A file of named tensors, memory-mapped: safetensors, or what torch.save wrote (.bin).</summary>
public abstract class WeightFile : IDisposable
{
    /// <summary>Opens a file by its ending: .bin, .pt and .pth as torch.save writes them, anything else as safetensors.</summary>
    /// <exception cref="InvalidInputException">It is missing, cut short or malformed, or holds what is no tensor.</exception>
    public static WeightFile Open(string path) => System.IO.Path.GetExtension(path) is ".bin" or ".pt" or ".pth" ? TorchFile.Open(path)
        : SafetensorsFile.Open(path);

    /// <summary>Where the file is.</summary>
    public abstract string Path { get; }

    /// <summary>The tensors by name.</summary>
    public abstract IReadOnlyDictionary<string, TensorEntry> Entries { get; }

    /// <summary>One tensor, a view of the file where its bytes allow that. It stays valid after the file object is disposed.</summary>
    /// <exception cref="InvalidInputException">There is no such tensor.</exception>
    public abstract Tensor Read(string name);

    /// <summary>Copies one tensor into <paramref name="target"/> of the same shape, whatever its type and device, and lets the file's pages go.</summary>
    /// <exception cref="InvalidInputException">There is no such tensor.</exception>
    public void ReadInto(string name, Tensor target)
    {
        TensorEntry entry = Find(name);
        using (no_grad())
        using (Tensor source = Read(name))
            target.copy_(source);
        Forget(entry);
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Gives the pages of a tensor that was copied back to the system.</summary>
    private protected abstract void Forget(TensorEntry entry);

    /// <summary>What is known of a tensor.</summary>
    private protected TensorEntry Find(string name) =>
        Entries.TryGetValue(name, out TensorEntry? entry) ? entry : throw new InvalidInputException($"{Path}: there is no tensor '{name}' in it.");

    /// <summary>Refuses the small text file that stands for a large one until Git LFS has fetched it.</summary>
    private protected static void RefusePointer(MappedFile map, string path)
    {
        ReadOnlySpan<byte> pointer = "version https://git-lfs"u8;
        if (map.Length >= pointer.Length && map.Bytes(0, pointer.Length).SequenceEqual(pointer))
            throw new InvalidInputException($"{path}: this is a Git LFS pointer, not the weights; run 'git lfs pull' in its folder.");
    }
}
