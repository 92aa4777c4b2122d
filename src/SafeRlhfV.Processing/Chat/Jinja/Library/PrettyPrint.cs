using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>The filter pprint: Python's pprint at 80 columns, dictionaries by their keys' order.</summary>
internal sealed class PrettyPrint(JinjaRun run)
{
    private const int Width = 80;

    public string Of(object? value)
    {
        StringBuilder text = new();
        Append(text, value, 0, 0);
        return run.Built(text.ToString());
    }

    private void Append(StringBuilder text, object? value, int indent, int allowance)
    {
        JinjaBudget.CheckStack();
        run.Budget.Step();
        value = Sorted(value);
        string plain = PyText.Repr(value);
        if (plain.Length <= Width - indent - allowance)
        {
            text.Append(plain);
            return;
        }
        switch (value)
        {
            case PyDict { Count: > 0 } dict:
                AppendItems(text, '{', dict.Entries, "}", indent, allowance, (entry, room) =>
                {
                    string key = PyText.Repr(entry.Key) + ": ";
                    text.Append(key);
                    Append(text, entry.Value, indent + 1 + PyCodePoints.Count(key), room);
                });
                break;
            case PySequence { Items.Count: > 0 } sequence:
                AppendItems(text, value is PyList ? '[' : '(', sequence.Items, value is PyList ? "]" : sequence.Items.Count == 1 ? ",)"
                    : ")", indent, allowance, (item, room) => Append(text, item, indent + 1, room));
                break;
            default:
                text.Append(plain);
                break;
        }
    }

    private static void AppendItems<T>(StringBuilder text, char open, IEnumerable<T> items, string close, int indent, int allowance, Action<T, int> append)
    {
        T[] all = [.. items];
        text.Append(open);
        for (int at = 0; at < all.Length; at++)
        {
            bool isLast = at == all.Length - 1;
            append(all[at], isLast ? allowance + close.Length : 1);
            if (!isLast) text.Append(",\n").Append(' ', indent + 1);
        }
        text.Append(close);
    }

    private static object? Sorted(object? value)
    {
        if (value is not PyDict dict) return value is PyList list ? new PyList([.. list.Items.Select(Sorted)]) : value is PyTuple tuple
            ? new PyTuple([.. tuple.Items.Select(Sorted)]) : value;
        PyDict sorted = new();
        foreach ((object? key,
            object? item) in dict.Entries.Order(Comparer<(object? Key, object? Value)>.Create((left, right) => Order(left.Key, right.Key)))) sorted[key] =
            Sorted(item);
        return sorted;
    }

    // keys that cannot be compared stand in the order of their types' names
    private static int Order(object? left, object? right)
    {
        try
        {
            return PyOperators.AreEqual(left, right) ? 0 : PyOperators.IsOrdered("<", left, right) ? -1 : 1;
        }
        catch (JinjaException)
        {
            return string.CompareOrdinal(PyTypes.NameOf(left), PyTypes.NameOf(right));
        }
    }
}
