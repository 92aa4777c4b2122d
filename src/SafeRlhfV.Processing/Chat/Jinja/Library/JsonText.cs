using System.Globalization;
using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>json.dumps, which is what transformers puts for tojson: no HTML escapes, keys in their order.</summary>
internal sealed class JsonText(JinjaRun run, bool asciiOnly, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private static readonly PySignature Signature = new("tojson", "ensure_ascii? indent? separators? sort_keys?");

    private readonly StringBuilder text = new();

    /// <summary>The filter with its arguments.</summary>
    public static string Filter(JinjaRun run, object? value, CallArguments given)
    {
        object?[] arguments = Signature.Bind(given);
        object? indent = Or(arguments[1], null), separators = Or(arguments[2], null);
        string? indentText = indent switch
        {
            null => null,
            string s => s,
            PyUndefined undefined => throw undefined.Error(),
            _ => PyNumbers.IsInteger(indent, out BigInteger width) ? new string(' ', (int)BigInteger.Clamp(width, 0, 1000))
                : throw JinjaException.Type("indent must be a number or a text"),
        };
        (string items, string keys) = (indentText is null ? ", " : ",", ": ");
        if (separators is not null)
        {
            if (PyTypes.ItemsOf(separators) is not [string first, string second]) throw JinjaException.Type("separators must be two texts");
            (items, keys) = (first, second);
        }
        JsonText json = new(run, PyOperators.IsTrue(Or(arguments[0], false)), indentText, items, keys, PyOperators.IsTrue(Or(arguments[3], false)));
        json.Append(value, 0);
        return json.text.ToString();
    }

    private static object? Or(object? value, object? otherwise) => ReferenceEquals(value, PySignature.Absent) ? otherwise : value;

    private void Append(object? value, int level)
    {
        JinjaBudget.CheckStack();
        run.Budget.Step();
        if (text.Length > JinjaBudget.MaxTextLength) throw JinjaException.Limit("A value's JSON text is too long.");
        switch (value)
        {
            case null: text.Append("null"); break;
            case bool flag: text.Append(flag ? "true" : "false"); break;
            case BigInteger integer: text.Append(PyText.OfInteger(integer)); break;
            case double real: text.Append(Real(real)); break;
            case string or PyMarkup: Quote(PyTypes.TextOf(value)!); break;
            case PySequence or PyGroup: AppendItems('[', PyTypes.ItemsOf(value)!, ']', level, item => Append(item, level + 1)); break;
            case PyDict dict:
                IEnumerable<(object? Key, object? Value)> entries = dict.Entries;
                if (sortKeys) entries = PyOperators.Sorted(run, entries, entry => entry.Key);
                AppendItems('{', entries, '}', level, entry =>
                {
                    Quote(KeyText(entry.Key));
                    text.Append(keySeparator);
                    Append(entry.Value, level + 1);
                });
                break;
            default: throw JinjaException.Type($"Object of type {PyTypes.NameOf(value)} is not JSON serializable");
        }
    }

    private void AppendItems<T>(char open, IEnumerable<T> items, char close, int level, Action<T> append)
    {
        text.Append(open);
        bool any = false;
        foreach (T item in items)
        {
            if (any) text.Append(itemSeparator);
            any = true;
            NewLine(level + 1);
            append(item);
        }
        if (any) NewLine(level);
        text.Append(close);
    }

    private void NewLine(int level)
    {
        if (indent is null) return;
        run.Budget.Text((long)indent.Length * level);
        text.Append('\n');
        for (int times = 0; times < level; times++) text.Append(indent);
    }

    private static string KeyText(object? key) => key switch
    {
        string or PyMarkup => PyTypes.TextOf(key)!,
        null => "null",
        bool flag => flag ? "true" : "false",
        BigInteger integer => PyText.OfInteger(integer),
        double real => Real(real),
        _ => throw JinjaException.Type($"keys must be str, int, float, bool or None, not {PyTypes.NameOf(key)}"),
    };

    private static string Real(double value) => double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "Infinity" : double.IsNegativeInfinity(value)
        ? "-Infinity" : FloatText.Repr(value);

    private void Quote(string value)
    {
        text.Append('"');
        foreach (char character in value)
        {
            switch (character)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append("\\\\"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                default:
                    if (character < ' ' || (asciiOnly
                        && character > '~')) text.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture));
                    else text.Append(character);
                    break;
            }
        }
        text.Append('"');
    }
}
