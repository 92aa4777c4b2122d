using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// A compiled TorchScript whose functions take lists of tensors and one tensor, and return nothing. TorchSharp's own way to call one frees its arguments with
/// another size than they were allocated with, which ends the process under an allocator that trusts the size (jemalloc). Here they lie in managed memory.
/// </summary>
internal sealed unsafe class TensorScript
{
    // what LibTorchSharp calls a list of tensors; 0 is a tensor
    private const long TensorList = 5;

    // each call writes the same "nothing" here, so that threads may share it
    private static readonly Argument* Nothing = (Argument*)NativeMemory.AllocZeroed((nuint)sizeof(Argument));

    private readonly nint unit;

    /// <summary>Compiles functions.</summary>
    /// <param name="source">Their text.</param>
    /// <exception cref="ExternalException">libtorch refuses the text.</exception>
    public TensorScript(string source)
    {
        InitializeDeviceType(DeviceType.CPU); // compiling does not load libtorch by itself
        unit = Compile(source);
        CheckForErrors();
    }

    /// <summary>Runs a function.</summary>
    /// <param name="function">Its name.</param>
    /// <param name="lists">Its first arguments.</param>
    /// <param name="last">Its last argument; a function may write its result there.</param>
    /// <exception cref="ExternalException">libtorch reports an error.</exception>
    public void Run(string function, Tensor[][] lists, Tensor last)
    {
        Argument[] memory = new Argument[lists.Length + 1 + lists.Sum(list => list.Length)];
        fixed (Argument* arguments = memory)
        {
            Argument* item = arguments + lists.Length;
            *item++ = new Argument { Handle = last.Handle };
            for (int i = 0; i < lists.Length; i++)
            {
                arguments[i] = new Argument { Type = TensorList, Length = lists[i].Length, Handle = (nint)item };
                foreach (Tensor tensor in lists[i]) *item++ = new Argument { Handle = tensor.Handle };
            }
            Invoke(unit, function, arguments, lists.Length + 1, &Result, out _, 0);
        }
        GC.KeepAlive(lists);
        GC.KeepAlive(last);
        CheckForErrors();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static Argument* Result(int index, nint length) => Nothing;

    [DllImport("LibTorchSharp", EntryPoint = "THSJIT_compile")]
    private static extern nint Compile([MarshalAs(UnmanagedType.LPUTF8Str)] string source);

    [DllImport("LibTorchSharp", EntryPoint = "THSJIT_CompilationUnit_Invoke")]
    private static extern void Invoke(
        nint unit, [MarshalAs(UnmanagedType.LPUTF8Str)] string function, Argument* arguments, int count,
        delegate* unmanaged[Cdecl]<int, nint, Argument*> result, out sbyte type, int index);

    // LibTorchSharp's TensorOrScalar; a list's Handle points to its items
    private struct Argument
    {
        public long Type, Length;
        public nint Handle;
    }
}
