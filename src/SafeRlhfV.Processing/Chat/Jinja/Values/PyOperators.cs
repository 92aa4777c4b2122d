using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Python's truth, equality, order, membership and arithmetic over a template's values.</summary>
internal static class PyOperators
{
    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool flag => flag,
        BigInteger integer => !integer.IsZero,
        double real => real != 0,
        string text => text.Length > 0,
        PyMarkup markup => markup.Text.Length > 0,
        PySequence sequence => sequence.Items.Count > 0,
        PyDict dict => dict.Count > 0,
        PyDictView view => view.Dict.Count > 0,
        PyRange range => range.Count > 0,
        PyBytes bytes => bytes.Bytes.Length > 0,
        PyUndefined => false,
        JinjaLoop loop => loop.Length > 0,
        _ => true,
    };

    public static bool AreEqual(object? left, object? right)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw JinjaException.Limit("A value is nested too deeply.");
        if (PyNumbers.IsNumber(left) && PyNumbers.IsNumber(right)) return PyNumbers.Compare(left, right) == 0;
        if (PyTypes.TextOf(left) is { } a && PyTypes.TextOf(right) is { } b) return string.Equals(a, b, StringComparison.Ordinal);
        switch (left, right)
        {
            case (PyUndefined, PyUndefined): return true;
            case (PyList x, PyList y): return SameItems(x.Items, y.Items);
            case (PyTuple or PyGroup, PyTuple or PyGroup): return SameItems(PyTypes.ItemsOf(left)!, PyTypes.ItemsOf(right)!);
            case (PyDict x, PyDict y):
                return x.Count == y.Count
                && x.Entries.All(entry => y.TryGet(entry.Key, out object? other) && AreEqual(entry.Value, other));
            case (PyDictView { Kind: "keys" or "items" } x, PyDictView { Kind: "keys" or "items" } y):
                return x.Dict.Count == y.Dict.Count
                && x.Items.All(item => y.Items.Any(other => AreEqual(item, other)));
            case (PyRange x, PyRange y): return x.Count == y.Count && (x.Count == 0 || (x.Start == y.Start && (x.Count == 1 || x.Step == y.Step)));
            case (PyBytes x, PyBytes y): return x.Bytes.AsSpan().SequenceEqual(y.Bytes);
            default: return ReferenceEquals(left, right);
        }
    }

    public static int Hash(object? value)
    {
        switch (value)
        {
            case null: return 1;
            case bool flag: return (flag ? BigInteger.One : BigInteger.Zero).GetHashCode();
            case BigInteger integer: return integer.GetHashCode();
            case double real: return double.IsFinite(real) && real == Math.Floor(real) ? new BigInteger(real).GetHashCode() : real.GetHashCode();
            case string text: return text.GetHashCode();
            case PyMarkup markup: return markup.Text.GetHashCode();
            case PyTuple or PyGroup:
                HashCode hash = new();
                foreach (object? item in PyTypes.ItemsOf(value)!) hash.Add(Hash(item));
                return hash.ToHashCode();
            case PyUndefined: return 2;
            case PyList or PyDict or PyDictView { Kind: not "values" } or PyBytes: throw JinjaException.Type($"unhashable type: '{PyTypes.NameOf(value)}'");
            default: return RuntimeHelpers.GetHashCode(value);
        }
    }

    /// <summary>Whether the order of the two is one that the sign (&lt;, &lt;=, &gt;, &gt;=) asks for.</summary>
    public static bool IsOrdered(string sign, object? left, object? right)
    {
        if (left is PyUndefined undefined) throw undefined.Error();
        if (right is PyUndefined other) throw other.Error();
        if (PyNumbers.IsNumber(left) && PyNumbers.IsNumber(right)) return PyNumbers.Compare(left, right) is { } order && Holds(sign, order);
        if (PyTypes.TextOf(left) is { } a && PyTypes.TextOf(right) is { } b) return Holds(sign, PyCodePoints.Compare(a, b));
        if ((left is PyList && right is PyList) || (left is PyTuple or PyGroup && right is PyTuple or PyGroup))
        {
            (IReadOnlyList<object?> x, IReadOnlyList<object?> y) = (PyTypes.ItemsOf(left)!, PyTypes.ItemsOf(right)!);
            for (int at = 0; at < Math.Min(x.Count, y.Count); at++)
                if (!AreEqual(x[at], y[at])) return IsOrdered(sign, x[at], y[at]);
            return Holds(sign, x.Count.CompareTo(y.Count));
        }
        throw JinjaException.Type($"'{sign}' not supported between instances of '{PyTypes.NameOf(left)}' and '{PyTypes.NameOf(right)}'");
    }

    public static bool Contains(JinjaRun run, object? container, object? item)
    {
        switch (container)
        {
            case string or PyMarkup:
                if (item is PyUndefined) throw JinjaException.Type("'in <string>' requires string as left operand, not Undefined");
                string part = PyTypes.TextOf(item) ?? throw JinjaException.Type($"'in <string>' requires string as left operand, not {PyTypes.NameOf(item)}");
                return PyTypes.TextOf(container)!.Contains(part, StringComparison.Ordinal);
            case PyDict dict: return dict.TryGet(item, out _);
            case PyDictView { Kind: "keys" } keys: return keys.Dict.TryGet(item, out _);
            case null or bool or BigInteger or double or PyCallable or PyNamespace
                or JinjaMacro:
                throw JinjaException.Type($"argument of type '{PyTypes.NameOf(container)}' is not iterable");
            default: return run.Iterate(container).Any(other => ReferenceEquals(other, item) || AreEqual(other, item));
        }
    }

    /// <summary>sorted(items, key): stable, also in reverse.</summary>
    /// <exception cref="JinjaException">Two keys have no order.</exception>
    public static T[] Sorted<T>(JinjaRun run, IEnumerable<T> items, Func<T, object?> key, bool isReverse = false)
    {
        Comparer<object?> order = Comparer<object?>.Create((left, right) =>
        {
            run.Budget.Step();
            return IsOrdered("<", left, right) ? -1 : IsOrdered("<", right, left) ? 1 : 0;
        });
        try
        {
            return [.. isReverse ? items.OrderByDescending(key, order) : items.OrderBy(key, order)];
        }
        catch (InvalidOperationException error) when (error.InnerException is JinjaException inner)
        {
            throw inner;
        }
    }

    public static object? Binary(JinjaRun run, string sign, object? left, object? right)
    {
        if (sign == "%" && PyTypes.IsText(left)) return PercentFormat.Apply(run, left, right);
        if (left is PyUndefined undefined) throw undefined.Error();
        if (right is PyUndefined other) throw other.Error();
        if (PyNumbers.IsNumber(left) && PyNumbers.IsNumber(right)) return PyNumbers.Arithmetic(sign, left, right);
        if (sign == "+")
        {
            if (left is PyMarkup || right is PyMarkup)
            {
                if (PyTypes.IsText(left) && PyTypes.IsText(right)) return new PyMarkup(run.Built(PyMarkup.Escape(left).Text + PyMarkup.Escape(right).Text));
            }
            else if (left is string a && right is string b)
            {
                run.Budget.Text((long)a.Length + b.Length);
                return a + b;
            }
            if (left is PyList x && right is PyList y) return new PyList(run.Joined(x.Items, y.Items));
            if (left is PyTuple or PyGroup && right is PyTuple or PyGroup) return new PyTuple(run.Joined(PyTypes.ItemsOf(left)!, PyTypes.ItemsOf(right)!));
            if (left is string or PyList)
                throw JinjaException.Type($"can only concatenate {PyTypes.NameOf(left)} (not \"{PyTypes.NameOf(right)}\") to {PyTypes.NameOf(left)}");
        }
        if (sign == "*")
        {
            if (PyNumbers.IsInteger(right, out BigInteger times) && Repeated(run, left, times) is { } repeated) return repeated;
            if (PyNumbers.IsInteger(left, out times) && Repeated(run, right, times) is { } reversed) return reversed;
        }
        throw JinjaException.Type(
            $"unsupported operand type(s) for {(sign == "**" ? "** or pow()" : sign)}: '{PyTypes.NameOf(left)}' and '{PyTypes.NameOf(right)}'");
    }

    public static object? Negative(object? value) => value switch
    {
        PyUndefined undefined => throw undefined.Error(),
        double real => -real,
        _ => PyNumbers.IsInteger(value, out BigInteger integer) ? -integer
            : throw JinjaException.Type($"bad operand type for unary -: '{PyTypes.NameOf(value)}'"),
    };

    public static object? Positive(object? value) => value switch
    {
        PyUndefined undefined => throw undefined.Error(),
        double => value,
        _ => PyNumbers.IsInteger(value, out BigInteger integer) ? integer
            : throw JinjaException.Type($"bad operand type for unary +: '{PyTypes.NameOf(value)}'"),
    };

    public static bool Holds(string sign, int order) => sign switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 };

    private static object? Repeated(JinjaRun run, object? value, BigInteger times)
    {
        if (times.Sign < 0) times = BigInteger.Zero;
        if (PyTypes.TextOf(value) is { } text)
        {
            run.Budget.Text(text.Length * times);
            string repeated = new StringBuilder(text.Length * (int)(text.Length == 0 ? 0 : times)).Insert(0, text, text.Length == 0 ? 0
                : (int)times).ToString();
            return value is PyMarkup ? new PyMarkup(repeated) : repeated;
        }
        if (PyTypes.ItemsOf(value) is not { } items) return null;
        run.Budget.Items(items.Count * times);
        object?[] all = new object?[items.Count * (int)(items.Count == 0 ? 0 : times)];
        for (int at = 0; at < all.Length; at++) all[at] = items[at % items.Count];
        return value is PyList ? new PyList(all) : new PyTuple(all);
    }

    private static bool SameItems(IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        if (left.Count != right.Count) return false;
        for (int at = 0; at < left.Count; at++)
            if (!ReferenceEquals(left[at], right[at]) && !AreEqual(left[at], right[at])) return false;
        return true;
    }
}
