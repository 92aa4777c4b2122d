using System.Collections;
using System.Numerics;

namespace SafeRlhfV.Processing;

/*
 * A template's values: null is None; bool; BigInteger is int; double is float; string is str; the classes below are the rest.
 * Nothing here can be changed once it is built, as the sandbox has no way to do so, but for a namespace's attributes.
 */

/// <summary>A list or a tuple.</summary>
internal abstract class PySequence(IReadOnlyList<object?> items)
{
    public IReadOnlyList<object?> Items { get; } = items;
}

internal sealed class PyList(IReadOnlyList<object?> items) : PySequence(items);

internal sealed class PyTuple(IReadOnlyList<object?> items) : PySequence(items);

/// <summary>What groupby yields: a tuple whose parts also have names.</summary>
internal sealed record PyGroup(object? Key, PyList Members)
{
    public PyTuple AsTuple { get; } = new([Key, Members]);
}

/// <summary>A dictionary; keys stay in the order in which they were put in.</summary>
internal sealed class PyDict
{
    private static readonly object NoneKey = new();

    private readonly OrderedDictionary<object, object?> entries = new(PyKeyComparer.Instance);

    public int Count => entries.Count;

    public IEnumerable<object?> Keys => entries.Keys.Select(Unwrap);

    public IEnumerable<object?> Values => entries.Values;

    public IEnumerable<(object? Key, object? Value)> Entries => entries.Select(entry => (Unwrap(entry.Key), entry.Value));

    public object? this[object? key]
    {
        set => entries[key ?? NoneKey] = value;
    }

    public bool TryGet(object? key, out object? value) => entries.TryGetValue(key ?? NoneKey, out value);

    public bool Remove(object? key) => entries.Remove(key ?? NoneKey);

    public PyDict Copy()
    {
        PyDict copy = new();
        foreach ((object key, object? value) in entries) copy.entries[key] = value;
        return copy;
    }

    private static object? Unwrap(object key) => ReferenceEquals(key, NoneKey) ? null : key;

    private sealed class PyKeyComparer : IEqualityComparer<object>
    {
        public static readonly PyKeyComparer Instance = new();

        public new bool Equals(object? left, object? right) => ReferenceEquals(left, right)
            || (!ReferenceEquals(left, NoneKey) && !ReferenceEquals(right, NoneKey) && PyOperators.AreEqual(left, right));

        public int GetHashCode(object key) => ReferenceEquals(key, NoneKey) ? 1 : PyOperators.Hash(key);
    }
}

/// <summary>What dict.items, keys and values give.</summary>
internal sealed record PyDictView(PyDict Dict, string Kind)
{
    public IEnumerable<object?> Items => Kind switch
    {
        "items" => Dict.Entries.Select(entry => (object?)new PyTuple([entry.Key, entry.Value])),
        "keys" => Dict.Keys,
        _ => Dict.Values,
    };
}

/// <summary>A range of whole numbers.</summary>
internal sealed record PyRange(BigInteger Start, BigInteger Stop, BigInteger Step)
{
    public int Count
    {
        get
        {
            BigInteger span = Step.Sign > 0 ? Stop - Start : Start - Stop;
            return span.Sign <= 0 ? 0 : (int)BigInteger.Min((span - 1) / BigInteger.Abs(Step) + 1, int.MaxValue);
        }
    }

    public BigInteger At(int index) => Start + index * Step;

    public IEnumerable<object?> Items
    {
        get
        {
            int count = Count;
            for (int index = 0; index < count; index++) yield return At(index);
        }
    }
}

/// <summary>Items that come once, one by one; what map, select and their like give.</summary>
internal sealed class PyGenerator(IEnumerable<object?> items, string name = "generator") : IEnumerable<object?>
{
    private readonly IEnumerator<object?> source = items.GetEnumerator();

    public string Name { get; } = name;

    public IEnumerator<object?> GetEnumerator()
    {
        while (source.MoveNext()) yield return source.Current;
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>Text that is held to be HTML already; what escape and safe give.</summary>
internal sealed record PyMarkup(string Text)
{
    public static PyMarkup Escape(object? value) => value as PyMarkup ?? new PyMarkup(PyText.Of(value)
        .Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("'", "&#39;").Replace("\"", "&#34;"));
}

/// <summary>Bytes, which only str.encode gives.</summary>
internal sealed record PyBytes(byte[] Bytes);

/// <summary>namespace(): the one value whose attributes a template can set.</summary>
internal sealed class PyNamespace
{
    public PyDict Attributes { get; } = new();

    public void Set(string name, object? value)
    {
        if (name.StartsWith('_'))
            throw new JinjaException(JinjaErrorKind.Security,
                $"Chat templates cannot store underscore-prefixed attributes on a namespace, but got {PyText.Repr(name)}. Please rename the attribute.");
        Attributes[name] = value;
    }
}

/// <summary>cycler(...): gives its items in turn.</summary>
internal sealed class PyCycler(IReadOnlyList<object?> items)
{
    private int position;

    public object? Current => items[position];

    public object? Next()
    {
        object? current = items[position];
        position = (position + 1) % items.Count;
        return current;
    }

    public void Reset() => position = 0;
}

/// <summary>A name, item or attribute that is not there. It prints as nothing; what needs a value fails.</summary>
internal sealed class PyUndefined
{
    private readonly string message;
    private readonly JinjaErrorKind kind;

    private PyUndefined(string message, JinjaErrorKind kind = JinjaErrorKind.Undefined) => (this.message, this.kind) = (message, kind);

    public static PyUndefined Because(string message) => new(message);

    public static PyUndefined Name(string name) => new($"{PyText.Repr(name)} is undefined");

    public static PyUndefined Missing(object? of, object? name) => name is string text
        ? new($"'{PyTypes.ObjectName(of)}' has no attribute {PyText.Repr(text)}")
        : new($"{PyTypes.ObjectName(of)} has no element {PyText.Repr(name)}");

    public static PyUndefined Unsafe(object? of, string name) =>
        new($"access to attribute {PyText.Repr(name)} of '{PyTypes.NameOf(of)}' object is unsafe.", JinjaErrorKind.Security);

    public JinjaException Error() => new(kind, message);
}
