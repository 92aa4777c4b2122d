using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>A loop's `loop`: where it stands, what was before, what comes next. It looks ahead only when it is asked.</summary>
internal sealed class JinjaLoop
{
    private readonly IEnumerator<object?> source;
    private readonly Func<object?, int, string>? recurse;
    private readonly object? sized;
    private readonly int depth;
    private readonly Queue<object?> ahead = new();
    private int? length;
    private object? previous, current;
    private IReadOnlyList<object?>? lastChanged;

    public JinjaLoop(object? sized, IEnumerable<object?> items, int depth, Func<object?, int, string>? recurse)
    {
        (this.sized, source, this.depth, this.recurse) = (sized, items.GetEnumerator(), depth, recurse);
        previous = current = PyUndefined.Because("there is no previous item");
    }

    public int Index { get; private set; }

    public int Length
    {
        get
        {
            if (length is { } known) return known;
            if (sized is not null and not PyGenerator && JinjaRun.LengthOf(sized) is { } size) length = size;
            else
            {
                while (source.MoveNext()) ahead.Enqueue(source.Current);
                length = ahead.Count + Index;
            }
            return length.Value;
        }
    }

    public bool MoveNext(out object? item)
    {
        if (ahead.TryDequeue(out item) || (source.MoveNext() && Take(out item)))
        {
            Index++;
            previous = current;
            current = item;
            return true;
        }
        return false;
    }

    /// <summary>The items that the loop has not come to.</summary>
    public IEnumerable<object?> Rest()
    {
        while (MoveNext(out object? item)) yield return item;
    }

    public string Recurse(JinjaRun run, CallArguments arguments)
    {
        if (recurse is null) throw JinjaException.Type("The loop must have the 'recursive' marker to be called recursively.");
        return recurse(new PySignature("loop", "iterable").Bind(arguments)[0], depth + 1);
    }

    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => (BigInteger)Index,
            "index0" => (BigInteger)(Index - 1),
            "revindex" => (BigInteger)(Length - Index + 1),
            "revindex0" => (BigInteger)(Length - Index),
            "first" => Index == 1,
            "last" => !HasNext(),
            "length" => (BigInteger)Length,
            "depth" => (BigInteger)(depth + 1),
            "depth0" => (BigInteger)depth,
            "previtem" => previous,
            "nextitem" => HasNext() ? ahead.Peek() : PyUndefined.Because("there is no next item"),
            "cycle" => new PyCallable("cycle", (_, given) => given.Positional.Count == 0 ? throw JinjaException.Type("no items for cycling given")
                : given.Positional[(Index - 1) % given.Positional.Count], "method"),
            "changed" => new PyCallable("changed", (_, given) => Changed(given.Positional), "method"),
            _ => PySignature.Absent,
        };
        return !ReferenceEquals(value, PySignature.Absent);
    }

    private bool Changed(IReadOnlyList<object?> values)
    {
        if (lastChanged is not null && PyOperators.AreEqual(new PyTuple(lastChanged), new PyTuple(values))) return false;
        lastChanged = values;
        return true;
    }

    private bool HasNext()
    {
        if (ahead.Count == 0 && source.MoveNext()) ahead.Enqueue(source.Current);
        return ahead.Count > 0;
    }

    private bool Take(out object? item)
    {
        item = source.Current;
        return true;
    }
}
