using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>str() and repr() of a template's values.</summary>
internal static class PyText
{
    /// <summary>As a value prints.</summary>
    public static string Of(object? value) => value switch
    {
        string text => text,
        PyMarkup markup => markup.Text,
        PyUndefined => "",
        _ => Repr(value),
    };

    /// <summary>As a value prints inside a list.</summary>
    public static string Repr(object? value)
    {
        StringBuilder text = new();
        Append(text, value);
        return text.ToString();
    }

    public static string OfInteger(BigInteger value)
    {
        if (value.GetBitLength() > 14283) throw JinjaException.Type("Exceeds the limit (4300 digits) for integer string conversion"); // Python's own bound
        return value.ToString(CultureInfo.InvariantCulture);
    }

    public static bool IsPrintable(Rune rune) => rune.Value == ' '
        || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator);

    private static void Append(StringBuilder text, object? value)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw JinjaException.Limit("A value is nested too deeply.");
        if (text.Length > JinjaBudget.MaxTextLength) throw JinjaException.Limit("A value's text is too long.");
        switch (value)
        {
            case null: text.Append("None"); break;
            case bool flag: text.Append(flag ? "True" : "False"); break;
            case BigInteger integer: text.Append(OfInteger(integer)); break;
            case double real: text.Append(FloatText.Repr(real)); break;
            case string s: AppendQuoted(text, s); break;
            case PyMarkup markup:
                text.Append("Markup(");
                AppendQuoted(text, markup.Text);
                text.Append(')');
                break;
            case PyList list: AppendAll(text, "[", list.Items, "]"); break;
            case PyTuple tuple: AppendAll(text, "(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")"); break;
            case PyGroup group: Append(text, group.AsTuple); break;
            case PyDict dict: AppendDict(text, dict); break;
            case PyDictView view: AppendAll(text, $"dict_{view.Kind}([", view.Items, "])"); break;
            case PyRange range:
                text.Append("range(").Append(range.Start).Append(", ").Append(range.Stop).Append(range.Step.IsOne ? ")" : $", {range.Step})");
                break;
            case PyUndefined: text.Append("Undefined"); break;
            case PyNamespace space:
                text.Append("<Namespace ");
                AppendDict(text, space.Attributes);
                text.Append('>');
                break;
            case PyBytes bytes: AppendBytes(text, bytes.Bytes); break;
            case JinjaLoop loop: text.Append("<LoopContext ").Append(loop.Index).Append('/').Append(loop.Length).Append('>'); break;
            case JinjaMacro macro: text.Append(macro.Name is null ? "<Macro anonymous>" : $"<Macro {Repr(macro.Name)}>"); break;
            case PyCallable callable:
                text.Append(callable.TypeName == "type" ? callable.Name == "dict" ? "<class 'dict'>"
                : $"<class 'jinja2.utils.{char.ToUpperInvariant(callable.Name[0])}{callable.Name[1..]}'>" : $"<{callable.TypeName} {callable.Name}>"); break;
            default: text.Append('<').Append(PyTypes.NameOf(value)).Append(" object>"); break;
        }
    }

    private static void AppendAll(StringBuilder text, string open, IEnumerable<object?> items, string close)
    {
        text.Append(open);
        bool first = true;
        foreach (object? item in items)
        {
            if (!first) text.Append(", ");
            first = false;
            Append(text, item);
        }
        text.Append(close);
    }

    private static void AppendDict(StringBuilder text, PyDict dict)
    {
        text.Append('{');
        bool first = true;
        foreach ((object? key, object? item) in dict.Entries)
        {
            if (!first) text.Append(", ");
            first = false;
            Append(text, key);
            text.Append(": ");
            Append(text, item);
        }
        text.Append('}');
    }

    private static void AppendQuoted(StringBuilder text, string value)
    {
        char quote = value.Contains('\'') && !value.Contains('"') ? '"' : '\'';
        text.Append(quote);
        for (int at = 0; at < value.Length; at++)
        {
            char character = value[at];
            if (character == quote || character == '\\') text.Append('\\').Append(character);
            else if (character == '\n') text.Append("\\n");
            else if (character == '\r') text.Append("\\r");
            else if (character == '\t') text.Append("\\t");
            else if (character is >= ' ' and < '\x7f') text.Append(character);
            else if (Rune.TryGetRuneAt(value, at, out Rune rune))
            {
                if (IsPrintable(rune)) text.Append(rune.ToString());
                else text.Append(rune.Value < 0x100 ? $"\\x{rune.Value:x2}" : rune.Value < 0x10000 ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}");
                at += rune.Utf16SequenceLength - 1;
            }
            else text.Append($"\\u{(int)character:x4}");
        }
        text.Append(quote);
    }

    private static void AppendBytes(StringBuilder text, byte[] bytes)
    {
        char quote = bytes.Contains((byte)'\'') && !bytes.Contains((byte)'"') ? '"' : '\'';
        text.Append('b').Append(quote);
        foreach (byte value in bytes)
        {
            if (value == quote || value == '\\') text.Append('\\').Append((char)value);
            else if (value == '\n') text.Append("\\n");
            else if (value == '\r') text.Append("\\r");
            else if (value == '\t') text.Append("\\t");
            else if (value is >= 32 and < 127) text.Append((char)value);
            else text.Append($"\\x{value:x2}");
        }
        text.Append(quote);
    }
}
