namespace SafeRlhfV.Training;

/// <summary>
/// Figures that the parts of a batch add to. Over ranks they are added up in the parts' order and not in the ranks', so that the sums are those of one process.
/// </summary>
internal sealed class PartFigures(Ranks ranks)
{
    private readonly List<(int Part, string Name, double Value)> own = [];

    /// <summary>Adds to a figure.</summary>
    public void Add(int part, string name, double value) => own.Add((part, name, value));

    /// <summary>The sums, by names in the order in which they were first added to; on all ranks the same.</summary>
    /// <param name="what">Names the exchange.</param>
    public IReadOnlyDictionary<string, double> Sum(string what)
    {
        Dictionary<string, double> sums = [];
        IEnumerable<(int Part, string Name, double Value)> all = ranks.IsAlone ? own : ranks.Gather(what, Written()).SelectMany(Read).OrderBy(one => one.Part);
        foreach ((_, string name, double value) in all) sums[name] = sums.GetValueOrDefault(name) + value;
        return sums;
    }

    private byte[] Written()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        foreach ((int part, string name, double value) in own)
        {
            writer.Write(part);
            writer.Write(name);
            writer.Write(value);
        }
        return stream.ToArray();
    }

    private static IEnumerable<(int Part, string Name, double Value)> Read(byte[] bytes)
    {
        using BinaryReader reader = new(new MemoryStream(bytes));
        while (reader.BaseStream.Position < bytes.Length) yield return (reader.ReadInt32(), reader.ReadString(), reader.ReadDouble());
    }
}
