using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// A file mapped privately into memory, and tensors over it without a copy. Writing to such a tensor changes this process's memory only.
/// The mapping lives until it is disposed and the last of its tensors is gone.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private static readonly Dictionary<nint, Stack<MappedFile>> Owners = [];

    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private int users = 1;
    private bool disposed;

    public MappedFile(string path)
    {
        try
        {
            Length = FileSize.Of(path);
            if (Length == 0) throw new InvalidInputException($"{path}: the file is empty.");
            file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.CopyOnWrite);
            view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw DiskErrors.Unreadable(path, error);
        }
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
    }

    /// <summary>Bytes in the file.</summary>
    public long Length { get; }

    /// <summary>Bytes of the file, for parsing.</summary>
    public ReadOnlySpan<byte> Bytes(long offset, int length) => new(start + offset, length);

    /// <summary>A tensor over the file's bytes. The caller has checked that they lie inside the file.</summary>
    public Tensor Tensor(long offset, ScalarType dtype, long[] shape)
    {
        nint address = (nint)(start + offset);
        _ = TorchSharp.torch.float32; // the native library is loaded by TorchSharp's own initialiser
        TorchSharp.torch.InitializeDeviceType(TorchSharp.DeviceType.CPU);
        lock (Owners)
        {
            if (!Owners.TryGetValue(address, out Stack<MappedFile>? stack)) Owners[address] = stack = new();
            stack.Push(this);
            users++;
        }
        nint handle;
        fixed (long* sizes = shape)
            handle = NewTensor(address, (nint)(delegate* unmanaged[Cdecl]<nint, void>)&Released, (nint)sizes, shape.Length, (sbyte)dtype, (sbyte)dtype, 0, -1,
                0);
        return handle != 0 ? TorchSharp.torch.Tensor.UnsafeCreateTensor(handle)
            : throw new InvalidInputException("The tensor library refused a tensor of the mapped file.");
    }

    /// <summary>A copy of numbers that lie at any address, aligned or not, as a tensor of one dimension.</summary>
    public Tensor Copy(long offset, ScalarType dtype, long count)
    {
        const int Step = 1 << 26;
        Tensor copy = TorchSharp.torch.empty(count, dtype);
        int size = SafetensorsTypes.Size(dtype);
        for (long done = 0, all = count * size; done < all; done += Step)
        {
            int length = (int)Math.Min(Step, all - done);
            using Tensor part = copy.narrow(0, done / size, length / size);
            Bytes(offset + done, length).CopyTo(part.bytes);
        }
        return copy;
    }

    /// <summary>Gives the pages of a range back to the system: they were copied elsewhere and would count twice.</summary>
    public void Forget(long offset, long length)
    {
        if (!OperatingSystem.IsLinux()) return;
        long page = Environment.SystemPageSize, first = ((long)start + offset + page - 1) / page * page, last = ((long)start + offset + length) / page * page;
        if (last > first) _ = Advise((nint)first, (nuint)(last - first), 4);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Owners)
        {
            if (disposed) return;
            disposed = true;
        }
        Release();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Released(nint address)
    {
        MappedFile owner;
        lock (Owners)
        {
            Stack<MappedFile> stack = Owners[address];
            owner = stack.Pop();
            if (stack.Count == 0) Owners.Remove(address);
        }
        owner.Release();
    }

    private void Release()
    {
        lock (Owners)
            if (--users > 0) return;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
    }

    [DllImport("LibTorchSharp", EntryPoint = "THSTensor_new")]
    private static extern nint NewTensor(nint data, nint deleter, nint sizes, int dimensions, sbyte storedType, sbyte dtype, int deviceType, int deviceIndex,
        byte requiresGrad);

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint length, int advice);
}
