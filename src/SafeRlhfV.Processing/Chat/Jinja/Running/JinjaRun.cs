using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>One rendering of a template: its output, its bounds, its clock.</summary>
internal sealed class JinjaRun(DateTime now, JinjaMarks? marks = null)
{
    private readonly StringBuilder root = new();
    private StringBuilder? output;

    public JinjaBudget Budget { get; } = new();

    public DateTime Now { get; } = now;

    /// <summary>Signs to put around the template's own texts; null = none.</summary>
    public JinjaMarks? Marks { get; } = marks;

    /// <summary>The variables at the template's top level.</summary>
    public JinjaScope Top { get; } = new(JinjaGlobals.Scope);

    public Dictionary<string, BlockStatement> Blocks { get; init; } = [];

    /// <summary>Stretches of the output, in UTF-16 units, that generation blocks reported, in the order of their ends.</summary>
    public List<JinjaSpan> Spans { get; } = [];

    public bool AutoEscape { get; set; }

    public string Output => root.ToString();

    /// <summary>How much has been written at the top level so far.</summary>
    public int RootLength => root.Length;

    public void Write(string text)
    {
        Budget.Write(text.Length);
        (output ?? root).Append(text);
    }

    /// <summary>What a body writes, kept apart from the output.</summary>
    public string Capture(Func<JinjaFlow> body, out JinjaFlow flow)
    {
        StringBuilder? outer = output;
        StringBuilder captured = output = new StringBuilder();
        try
        {
            flow = body();
            return captured.ToString();
        }
        finally
        {
            output = outer;
        }
    }

    /// <summary>A text of the template's own making, as it is after escaping.</summary>
    public object Finished(string text) => AutoEscape ? new PyMarkup(text) : text;

    /// <summary>A value as it is compared or handed to a function: without signs around the template's own texts.</summary>
    public object? Plain(object? value) => Marks is null ? value : value switch
    {
        string text => Marks.Without(text),
        PyList list => new PyList([.. list.Items.Select(Plain)]),
        PyTuple tuple => new PyTuple([.. tuple.Items.Select(Plain)]),
        _ => value,
    };

    public string Built(string text)
    {
        Budget.Text(text.Length);
        return text;
    }

    /// <summary>A new list of what a sequence gives.</summary>
    public PyList List(IEnumerable<object?> items)
    {
        List<object?> list = [];
        foreach (object? item in items)
        {
            Budget.Step();
            list.Add(item);
            if ((list.Count & 0xFFFFF) == 0) Budget.Items(list.Count + 1);
        }
        return new PyList(list);
    }

    public IReadOnlyList<object?> Joined(IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        Budget.Items(left.Count + right.Count);
        return [.. left, .. right];
    }

    /// <summary>iter(value), each item charged as a step.</summary>
    /// <exception cref="JinjaException">The value has no items.</exception>
    public IEnumerable<object?> Iterate(object? value)
    {
        IEnumerable<object?> items = value switch
        {
            string text => PyCodePoints.Each(text),
            PyMarkup markup => PyCodePoints.Each(markup.Text).Select(character => new PyMarkup(character)),
            PySequence sequence => sequence.Items,
            PyGroup group => group.AsTuple.Items,
            PyDict dict => dict.Keys,
            PyDictView view => view.Items,
            PyRange range => range.Items,
            PyGenerator generator => generator,
            PyBytes bytes => bytes.Bytes.Select(octet => (object?)new System.Numerics.BigInteger(octet)),
            PyUndefined => [],
            JinjaLoop loop => loop.Rest(),
            _ => throw JinjaException.Type($"'{PyTypes.NameOf(value)}' object is not iterable"),
        };
        return Charged(items);
    }

    private IEnumerable<object?> Charged(IEnumerable<object?> items)
    {
        foreach (object? item in items)
        {
            Budget.Step();
            yield return item;
        }
    }

    /// <summary>len(value); null where it has none.</summary>
    public static int? LengthOf(object? value) => value switch
    {
        string text => PyCodePoints.Count(text),
        PyMarkup markup => PyCodePoints.Count(markup.Text),
        PySequence sequence => sequence.Items.Count,
        PyGroup => 2,
        PyDict dict => dict.Count,
        PyDictView view => view.Dict.Count,
        PyRange range => range.Count,
        PyBytes bytes => bytes.Bytes.Length,
        PyUndefined => 0,
        JinjaLoop loop => loop.Length,
        _ => null,
    };

    /// <summary>Calls a value.</summary>
    public object? Call(object? callee, CallArguments arguments)
    {
        JinjaBudget.CheckStack();
        Budget.Step();
        return callee switch
        {
            PyCallable callable => callable.Call(this, arguments),
            JinjaMacro macro => macro.Call(this, arguments),
            JinjaLoop loop => loop.Recurse(this, arguments),
            PyUndefined undefined => throw undefined.Error(),
            _ => throw JinjaException.Type($"'{PyTypes.NameOf(callee)}' object is not callable"),
        };
    }
}

/// <summary>A stretch of text, in UTF-16 units.</summary>
internal readonly record struct JinjaSpan(int Start, int End);

/// <summary>How a body was left.</summary>
internal enum JinjaFlow
{
    Next,
    Break,
    Continue,
}
