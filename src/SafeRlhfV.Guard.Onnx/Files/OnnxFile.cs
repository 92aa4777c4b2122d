namespace SafeRlhfV.Guard.Onnx;

/// <summary>
/// What is looked at in an ONNX file before it is run: where its weights lie, its metadata, whether it is quantised while it runs, how many ids it knows.
/// </summary>
/// <remarks>ModelProto, GraphProto, NodeProto, AttributeProto and TensorProto of onnx.proto; only the fields that are needed.</remarks>
internal sealed class OnnxFile
{
    private const string Pointer = "version https://git-lfs";

    private readonly Dictionary<string, long> rows = [];
    private readonly List<Dictionary<string, string>> external = [];
    private string? embedding;

    private OnnxFile(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The metadata that its maker wrote.</summary>
    public Dictionary<string, string> Metadata { get; } = [];

    /// <summary>Whether activations are quantised while it runs: then an input's result depends on its neighbours in a batch.</summary>
    public bool IsDynamicallyQuantised { get; private set; }

    /// <summary>Rows of the table that token ids are looked up in; null where it was not found.</summary>
    public long? EmbeddingRows => embedding is not null && rows.TryGetValue(embedding, out long found) ? found : null;

    /// <summary>The model file of a folder: the one named, else model.onnx, else onnx/model.onnx.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public static string Find(string folder, string? file)
    {
        string[] names = file is null ? ["model.onnx", "onnx/model.onnx"] : [file];
        foreach (string name in names)
            if (File.Exists(System.IO.Path.Combine(folder, name))) return System.IO.Path.Combine(folder, name);
        throw new InvalidInputException($"{folder}: there is no {string.Join(" and no ", names)}; give the folder of a model that was exported to ONNX.");
    }

    /// <summary>Reads a file, and checks that its external weights lie in its folder and are whole.</summary>
    /// <exception cref="InvalidInputException">It is no ONNX file, or weights are missing.</exception>
    public static OnnxFile Read(string path) => DiskErrors.Reading(path, () =>
    {
        OnnxFile file = new(path);
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        if (stream.Length == 0) throw new InvalidInputException($"{path}: is empty; download it again.");
        byte[] head = new byte[Math.Min(Pointer.Length, stream.Length)];
        stream.ReadExactly(head);
        if (head.AsSpan().SequenceEqual(System.Text.Encoding.ASCII.GetBytes(Pointer)))
            throw new InvalidInputException($"{path}: is a Git LFS pointer, not the model itself; fetch it with 'git lfs pull'.");
        stream.Position = 0;
        try
        {
            file.ReadModel(new ProtobufReader(stream), stream.Length);
        }
        catch (Exception error) when (error is FormatException or EndOfStreamException)
        {
            throw new InvalidInputException($"{path}: is no whole ONNX file ({error.Message}); download it again.", error);
        }
        foreach (Dictionary<string, string> place in file.external) file.CheckExternal(place);
        return file;
    });

    private void ReadModel(ProtobufReader reader, long end)
    {
        while (reader.Next(end, out int field, out int wire))
        {
            if (field == 7) ReadGraph(reader, reader.End(wire, end));
            else if (field == 14) ReadPair(reader, reader.End(wire, end), Metadata);
            else reader.Skip(wire, end);
        }
    }

    private void ReadGraph(ProtobufReader reader, long end)
    {
        while (reader.Next(end, out int field, out int wire))
        {
            if (field == 1) ReadNode(reader, reader.End(wire, end));
            else if (field == 5) ReadTensor(reader, reader.End(wire, end));
            else reader.Skip(wire, end);
        }
    }

    private void ReadNode(ProtobufReader reader, long end)
    {
        List<string> inputs = [];
        string kind = "";
        while (reader.Next(end, out int field, out int wire))
        {
            if (field == 1) inputs.Add(reader.Text(wire, end));
            else if (field == 4) kind = reader.Text(wire, end);
            else if (field == 5) ReadAttribute(reader, reader.End(wire, end));
            else reader.Skip(wire, end);
        }
        IsDynamicallyQuantised |= kind is "DynamicQuantizeLinear" or "DynamicQuantizeMatMul" or "DynamicQuantizeLSTM";
        if (kind == "Gather" && inputs is [var table, "input_ids", ..]) embedding ??= table;
    }

    // constants of nodes, and the branches of If and Loop
    private void ReadAttribute(ProtobufReader reader, long end)
    {
        while (reader.Next(end, out int field, out int wire))
        {
            if (field is 5 or 10) ReadTensor(reader, reader.End(wire, end));
            else if (field is 6 or 11) ReadGraph(reader, reader.End(wire, end));
            else reader.Skip(wire, end);
        }
    }

    private void ReadTensor(ProtobufReader reader, long end)
    {
        Dictionary<string, string> place = [];
        string name = "";
        long? first = null;
        bool isOutside = false;
        while (reader.Next(end, out int field, out int wire))
        {
            if (field == 1)
            {
                long packed = wire == 0 ? reader.Position + 1 : reader.End(wire, end); // one size, or all of them
                while (reader.Position < packed)
                {
                    long size = (long)reader.Varint();
                    first ??= size;
                }
            }
            else if (field == 8) name = reader.Text(wire, end);
            else if (field == 13) ReadPair(reader, reader.End(wire, end), place);
            else if (field == 14 && wire == 0) isOutside = reader.Varint() == 1;
            else reader.Skip(wire, end);
        }
        if (name.Length > 0 && first is { } rowCount) rows[name] = rowCount;
        if (isOutside) external.Add(place);
    }

    // key: value
    private static void ReadPair(ProtobufReader reader, long end, Dictionary<string, string> pairs)
    {
        string key = "", value = "";
        while (reader.Next(end, out int field, out int wire))
        {
            if (field == 1) key = reader.Text(wire, end);
            else if (field == 2) value = reader.Text(wire, end);
            else reader.Skip(wire, end);
        }
        pairs[key] = value;
    }

    private void CheckExternal(Dictionary<string, string> place)
    {
        string name = place.GetValueOrDefault("location", ""), folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        string full = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, name));
        if (name.Length == 0 || System.IO.Path.IsPathRooted(name) || !full.StartsWith(folder + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InvalidInputException($"{Path}: its weights are said to lie in '{name}', outside its folder; such a file is not opened (model.onnx_data "
                + "belongs beside the model).");
        if (!File.Exists(full))
            throw new InvalidInputException($"{full}: no such file, but {System.IO.Path.GetFileName(Path)} keeps its weights there; download it too.");
        long offset = Number("offset") ?? 0, length = Number("length") ?? 0, has = FileSize.Of(full);
        if (offset < 0 || length < 0 || offset > has || length > has - offset)
            throw new InvalidInputException($"{full}: has {has} bytes, but weights are said to lie at {offset} with {length} bytes; download it again.");

        long? Number(string key) => place.TryGetValue(key, out string? text)
            ? long.TryParse(text, out long value) ? value : throw new InvalidInputException($"{Path}: '{text}' is no {key} of weights.")
            : null;
    }
}
