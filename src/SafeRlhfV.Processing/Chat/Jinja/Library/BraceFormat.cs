using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>str.format and str.format_map, whose fields reach attributes and items through the sandbox.</summary>
internal sealed class BraceFormat(JinjaRun run, CallArguments arguments)
{
    private int automatic;
    private bool counts, numbers;

    public string Apply(string format, int depth = 0)
    {
        if (depth > 1) throw JinjaException.Type("Max string recursion exceeded");
        StringBuilder text = new();
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] is '{' or '}' && at + 1 < format.Length && format[at + 1] == format[at])
            {
                text.Append(format[at++]);
                continue;
            }
            if (format[at] == '}') throw JinjaException.Type("Single '}' encountered in format string");
            if (format[at] != '{')
            {
                text.Append(format[at]);
                continue;
            }
            int end = FieldEnd(format, at + 1);
            text.Append(Field(format[(at + 1)..end], depth));
            at = end;
        }
        return run.Built(text.ToString());
    }

    private static int FieldEnd(string format, int begin)
    {
        int open = 1;
        for (int at = begin; at < format.Length; at++)
        {
            if (format[at] == '{') open++;
            else if (format[at] == '}' && --open == 0) return at;
        }
        throw JinjaException.Type(begin == format.Length ? "Single '{' encountered in format string" : "expected '}' before end of string");
    }

    private string Field(string field, int depth)
    {
        int end = 0;
        for (bool inBrackets = false; end < field.Length && (inBrackets || field[end] is not ('!' or ':')); end++)
            inBrackets = field[end] == '[' || (inBrackets && field[end] != ']');
        object? value = Value(field[..end]);
        char conversion = '\0';
        if (end < field.Length && field[end] == '!')
        {
            if (end + 1 >= field.Length) throw JinjaException.Type("end of string while looking for conversion specifier");
            conversion = field[end + 1];
            end += 2;
            if (end < field.Length && field[end] != ':') throw JinjaException.Type("expected ':' after conversion specifier");
        }
        string spec = end < field.Length ? Apply(field[(end + 1)..], depth + 1) : "";
        value = conversion switch
        {
            '\0' => value,
            's' => PyText.Of(value),
            'r' or 'a' => PyText.Repr(value),
            _ => throw JinjaException.Type($"Unknown conversion specifier '{conversion}'"),
        };
        return FormatSpec.Format(run, value, spec);
    }

    private object? Value(string name)
    {
        int end = name.IndexOfAny(['.', '[']);
        string first = end < 0 ? name : name[..end];
        object? value;
        if (first.Length == 0 || first.All(char.IsAsciiDigit))
        {
            if (first.Length == 0 ? numbers : counts) throw JinjaException.Type("cannot switch between manual and automatic field numbering");
            if (first.Length == 0) counts = true;
            else numbers = true;
            BigInteger index = first.Length == 0 ? automatic++ : BigInteger.Parse(first);
            value = index < arguments.Positional.Count ? arguments.Positional[(int)index]
                : throw JinjaException.Type("Replacement index out of range for positional args tuple");
        }
        else if (!arguments.Named.TryGet(first, out value))
        {
            throw JinjaException.Type(PyText.Repr(first));
        }
        while (end >= 0 && end < name.Length)
        {
            bool isItem = name[end] == '[';
            int begin = end + 1, next;
            if (isItem)
            {
                next = name.IndexOf(']', begin);
                if (next < 0) throw JinjaException.Type("Missing ']' in format string");
            }
            else
            {
                next = name.IndexOfAny(['.', '['], begin);
                if (next < 0) next = name.Length;
            }
            string part = name[begin..next];
            if (part.Length == 0) throw JinjaException.Type("Empty attribute in format string");
            value = isItem ? JinjaAccess.Item(run, value, part.All(char.IsAsciiDigit) ? BigInteger.Parse(part) : part)
                : JinjaAccess.Attribute(run, value, part);
            end = isItem ? next + 1 : next;
            if (isItem && end < name.Length
                && name[end] is not ('.' or '[')) throw JinjaException.Type("Only '.' or '[' may follow ']' in format field specifier");
        }
        return value;
    }
}
