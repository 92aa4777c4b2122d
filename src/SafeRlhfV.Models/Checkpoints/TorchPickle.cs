using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Reads the pickles of a torch.save file: the instructions and classes that tensors need, and nothing else. It builds plain records; no name in a file is
/// ever looked up as code.
/// What is not on the list is refused by its name. Source: Python's pickletools (protocol 2) and the list of torch's weights_only loader.
/// </summary>
/// <param name="data">The bytes.</param>
/// <param name="path">The file, for errors.</param>
internal sealed class TorchPickle(ReadOnlyMemory<byte> data, string path)
{
    private const string Rebuild = "torch._utils._rebuild_tensor_v2", RebuildOld = "torch._utils._rebuild_tensor",
        RebuildParameter = "torch._utils._rebuild_parameter",
        OrderedDict = "collections.OrderedDict", Encode = "_codecs.encode";

    private static readonly string[] Callables = [Rebuild, RebuildOld, RebuildParameter, OrderedDict, Encode];

    private static readonly Dictionary<string, ScalarType> Storages = new()
    {
        ["torch.FloatStorage"] = ScalarType.Float32,
        ["torch.HalfStorage"] = ScalarType.Float16,
        ["torch.BFloat16Storage"] = ScalarType.BFloat16,
        ["torch.DoubleStorage"] = ScalarType.Float64,
        ["torch.LongStorage"] = ScalarType.Int64,
        ["torch.IntStorage"] = ScalarType.Int32,
        ["torch.ShortStorage"] = ScalarType.Int16,
        ["torch.CharStorage"] = ScalarType.Int8,
        ["torch.ByteStorage"] = ScalarType.Byte,
        ["torch.BoolStorage"] = ScalarType.Bool,
    };

    private readonly Dictionary<string, TorchStorage> storages = new(StringComparer.Ordinal);
    private readonly Dictionary<long, object?> memo = [];
    private readonly Stack<int> marks = [];
    private readonly List<object?> stack = [];
    private int at;

    /// <summary>Where the next pickle begins.</summary>
    public int Position => at;

    /// <summary>The storages that were named, by key.</summary>
    public IReadOnlyDictionary<string, TorchStorage> StoragesByKey => storages;

    /// <summary>
    /// Reads one pickle from <see cref="Position"/> on: null, bool, long, BigInteger, double, string, a list, a tuple (array), <see cref="PickleDict"/>, a
    /// storage or a tensor.
    /// </summary>
    /// <exception cref="InvalidInputException">It is malformed, or has an instruction or a class that no tensor needs.</exception>
    public object? Read()
    {
        memo.Clear();
        marks.Clear();
        stack.Clear();
        while (true)
        {
            byte code = Byte();
            if (code == (byte)'.') return stack.Count == 1 && marks.Count == 0 ? stack[0] : throw Broken("it ends in the middle of an object");
            Execute(code);
        }
    }

    private void Execute(byte code)
    {
        switch (code)
        {
            case 0x80:
                int protocol = Byte();
                if (protocol != 2) throw Broken($"its pickle protocol is {protocol}, 2 is needed");
                break;
            case (byte)'(': marks.Push(stack.Count); break;
            case (byte)'N': stack.Add(null); break;
            case 0x88: stack.Add(true); break;
            case 0x89: stack.Add(false); break;
            case (byte)'K': stack.Add((long)Byte()); break;
            case (byte)'M': stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2))); break;
            case (byte)'J': stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4))); break;
            case 0x8a: stack.Add(Whole(Bytes(Byte()))); break;
            case (byte)'G': stack.Add(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8))); break;
            case (byte)'X': stack.Add(Encoding.UTF8.GetString(Bytes(Length()))); break;
            case (byte)'T': stack.Add(Encoding.Latin1.GetString(Bytes(Length()))); break;
            case (byte)'U': stack.Add(Encoding.Latin1.GetString(Bytes(Byte()))); break;
            case (byte)']': stack.Add(new List<object?>()); break;
            case (byte)'}': stack.Add(new PickleDict()); break;
            case (byte)')': stack.Add(Array.Empty<object?>()); break;
            case (byte)'t': stack.Add(PopMarked()); break;
            case 0x85 or 0x86 or 0x87: stack.Add(PopMany(code - 0x84)); break;
            case (byte)'q': memo[Byte()] = Top(); break;
            case (byte)'r': memo[Length()] = Top(); break;
            case (byte)'h': stack.Add(Recall(Byte())); break;
            case (byte)'j': stack.Add(Recall(Length())); break;
            case (byte)'a': Extend([Pop()]); break;
            case (byte)'e': Extend(PopMarked()); break;
            case (byte)'s': Assign(PopMany(2)); break;
            case (byte)'u': Assign(PopMarked()); break;
            case (byte)'c': stack.Add(Class()); break;
            case (byte)'Q': stack.Add(Storage(Pop())); break;
            case (byte)'R': Call(); break;
            case (byte)'b': Build(); break;
            default: throw Broken($"instruction 0x{code:x2} at byte {at - 1} is none that tensors need");
        }
    }

    private PickleClass Class()
    {
        string name = $"{Line()}.{Line()}";
        if (Callables.Contains(name) || Storages.ContainsKey(name)) return new PickleClass(name);
        throw new InvalidInputException($"{path}: the file asks for '{Printable(name)}', which is no part of a tensor; it may run code when other tools load "
            + "it. Take the weights as safetensors, or save a plain state dict of tensors.");
    }

    // ('storage', class, key, place, count[, view])
    private TorchStorage Storage(object? id)
    {
        if (id is not object?[] { Length: 5 or 6 } parts || parts[0] is not "storage" || parts[1] is not PickleClass { Name: var name }
            || !Storages.TryGetValue(name, out ScalarType type)
            || parts[2] is not string key || parts[4] is not long count || count < 0 || (parts.Length == 6 && parts[5] is not null))
            throw Broken("a storage is described in a form that is not known");
        TorchStorage storage = new(key, type, count);
        if (storages.TryGetValue(key, out TorchStorage? known) && known != storage)
            throw Broken($"storage '{Printable(key)}' is described twice, each time otherwise");
        return storages[key] = storage;
    }

    private void Call()
    {
        object?[] arguments = Pop() as object?[] ?? throw Broken("a call without arguments");
        string name = Pop() is PickleClass called ? called.Name : throw Broken("a call of something that is no class");
        stack.Add((name, arguments) switch
        {
            (Rebuild, [TorchStorage storage, long offset, object?[] shape, object?[] strides, bool, PickleDict { Items.Count: 0 } or null, ..])
                when arguments.Length <= 7 => View(storage, offset, shape, strides),
            (RebuildOld, [TorchStorage storage, long offset, object?[] shape, object?[] strides]) => View(storage, offset, shape, strides),
            (RebuildParameter, [TorchTensor tensor, bool, PickleDict { Items.Count: 0 } or null]) => tensor,
            (OrderedDict, []) => new PickleDict(),
            (OrderedDict, [List<object?> pairs]) => Filled(pairs),
            (Encode, [string, string]) => new PickleClass("bytes"),
            _ => throw Broken($"{name} is called in a form that is not known"),
        });
    }

    // a module's state dict carries its versions as an attribute; nothing of it is used
    private void Build()
    {
        if (Pop() is not PickleDict || Top() is not PickleDict) throw Broken("it sets the state of something that is no dictionary");
    }

    private TorchTensor View(TorchStorage storage, long offset, object?[] shape, object?[] strides)
    {
        if (shape.Length != strides.Length || shape.Length > 16 || !shape.Concat(strides).All(number => number is long and >= 0 and <= 1L << 40) || offset < 0)
            throw Broken("a tensor has an impossible shape");
        (long[] sizes, long[] steps) = ([.. shape.Cast<long>()], [.. strides.Cast<long>()]);
        decimal last = offset, count = 1;
        for (int i = 0; i < sizes.Length; i++) (last, count) = (last + (sizes[i] - 1m) * steps[i], Math.Min(count * sizes[i], 1L << 50));
        bool repeatsTooOften = count > storage.Count && count > 1 << 24;
        if (repeatsTooOften || (count > 0 && last >= storage.Count))
            throw Broken($"a tensor of shape [{string.Join(", ", sizes)}] reaches beyond its storage of {storage.Count} numbers");
        return new TorchTensor(storage, offset, sizes, steps);
    }

    private PickleDict Filled(List<object?> pairs)
    {
        PickleDict filled = new();
        foreach (object? pair in pairs)
            filled.Items.Add(pair switch
            {
                List<object?> { Count: 2 } list => new(list[0], list[1]),
                object?[] { Length: 2 } tuple => new(tuple[0], tuple[1]),
                _ => throw Broken("a dictionary is filled with something that is no pair"),
            });
        return filled;
    }

    private void Extend(object?[] items) => (Top() as List<object?> ?? throw Broken("it appends to something that is no list")).AddRange(items);

    private void Assign(object?[] items)
    {
        if (Top() is not PickleDict dict || items.Length % 2 != 0) throw Broken("it sets items of something that is no dictionary");
        for (int i = 0; i < items.Length; i += 2) dict.Items.Add(new(items[i], items[i + 1]));
    }

    private static object Whole(ReadOnlySpan<byte> bytes)
    {
        BigInteger value = new(bytes);
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : value;
    }

    private object? Recall(long key) => memo.TryGetValue(key, out object? value) ? value : throw Broken("it recalls an object that is not there");

    private object? Top() => stack.Count > Floor ? stack[^1] : throw Broken("an instruction finds nothing to work on");

    private object? Pop()
    {
        object? top = Top();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private object?[] PopMany(int count)
    {
        if (stack.Count - Floor < count) throw Broken("an instruction finds too little to work on");
        object?[] items = [.. stack[^count..]];
        stack.RemoveRange(stack.Count - count, count);
        return items;
    }

    private object?[] PopMarked()
    {
        if (marks.Count == 0) throw Broken("a group ends that did not begin");
        object?[] items = PopMany(stack.Count - Floor);
        marks.Pop();
        return items;
    }

    private int Floor => marks.TryPeek(out int mark) ? mark : 0;

    private int Length()
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));
        return length >= 0 ? length : throw Broken("a length is out of range");
    }

    private byte Byte() => Bytes(1)[0];

    private ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > data.Length - at) throw Broken("it is cut short");
        at += count;
        return data.Span.Slice(at - count, count);
    }

    private string Line()
    {
        int length = data.Span[at..].IndexOf((byte)'\n');
        if (length is < 0 or > 1000) throw Broken("a class name does not end");
        string line = Encoding.UTF8.GetString(Bytes(length));
        at++;
        return line;
    }

    private static string Printable(string name) => string.Concat(name.Take(200).Select(letter => char.IsControl(letter) ? '?' : letter));

    private InvalidInputException Broken(string what) => new($"{path}: not a torch.save file of tensors: {what}.");

    private sealed record PickleClass(string Name);
}
