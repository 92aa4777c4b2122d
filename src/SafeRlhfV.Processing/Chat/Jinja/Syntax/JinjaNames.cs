namespace SafeRlhfV.Processing;

/// <summary>What a parser has to know of a template's names before it runs: unknown filters, and which of caller, kwargs and varargs a macro's body
/// uses.</summary>
internal sealed class JinjaNames
{
    private readonly List<(string Message, int Line)> unknown = [];
    private List<Use> uses = [];
    private int kept;

    /// <summary>How many for loops are around the place.</summary>
    public int Loops { get; set; }

    public void Load(string name)
    {
        foreach (Use use in uses)
            if (use.Watched.Contains(name)) use.Found.Add(name);
    }

    public void Store(string name, int line)
    {
        foreach (Use use in uses) use.Watched.Remove(name);
        if (Loops > 0 && name == "loop") throw JinjaException.Syntax("Can't assign to special loop variable in for-loop target", line);
    }

    /// <summary>A filter or test that nobody knows: a fault of the template wherever it stands, but for branches of an if, where it counts when it is
    /// reached.</summary>
    public void Unknown(string kind, string name, int line) => unknown.Add(($"No {kind} named {PyText.Repr(name)}.", line));

    public int Mark() => unknown.Count;

    /// <summary>What was unknown since the mark stood in a branch; what stood in a body of its own within the branch stays.</summary>
    public void Forgive(int mark)
    {
        int from = Math.Max(mark, kept);
        unknown.RemoveRange(from, unknown.Count - from);
    }

    /// <summary>A body of its own: unknown names in it count, though it stands in a branch.</summary>
    public T Own<T>(Func<T> parse)
    {
        int mark = unknown.Count;
        T body = parse();
        if (unknown.Count > mark) kept = unknown.Count;
        return body;
    }

    public void ThrowUnknown()
    {
        if (unknown.Count > 0) throw JinjaException.Syntax(unknown[0].Message, unknown[0].Line);
    }

    /// <summary>Reads a macro's body and says which of the special names it uses.</summary>
    public T Watch<T>(Func<T> parse, out IReadOnlySet<string> found)
    {
        Use use = new();
        uses.Add(use);
        T body = parse();
        uses.Remove(use);
        found = use.Found;
        return body;
    }

    /// <summary>Reads a named block, which macros around it do not look into.</summary>
    public T Apart<T>(Func<T> parse)
    {
        (List<Use> outer, uses) = (uses, []);
        T body = parse();
        uses = outer;
        return body;
    }

    private sealed class Use
    {
        public HashSet<string> Watched { get; } = ["caller", "kwargs", "varargs"];

        public HashSet<string> Found { get; } = [];
    }
}
