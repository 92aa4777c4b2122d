using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>The names of Python's types, as its messages and the sandbox need them.</summary>
internal static class PyTypes
{
    public static string NameOf(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        BigInteger => "int",
        double => "float",
        string => "str",
        PyMarkup => "Markup",
        PyList => "list",
        PyTuple => "tuple",
        PyGroup => "_GroupTuple",
        PyDict => "dict",
        PyDictView view => "dict_" + view.Kind,
        PyRange => "range",
        PyGenerator generator => generator.Name,
        PyBytes => "bytes",
        PyNamespace => "TemplateNamespace",
        PyUndefined => "Undefined",
        PyCycler => "Cycler",
        JinjaLoop => "LoopContext",
        JinjaMacro => "Macro",
        JinjaSelf => "TemplateReference",
        PyCallable callable => callable.TypeName,
        _ => value.GetType().Name,
    };

    /// <summary>As Jinja2 names the owner of a missing attribute.</summary>
    public static string ObjectName(object? value) => value switch
    {
        null => "None",
        PyMarkup => "markupsafe.Markup object",
        PyNamespace => "jinja2.utils.Namespace object",
        PyCycler => "jinja2.utils.Cycler object",
        JinjaLoop or JinjaMacro => $"jinja2.runtime.{NameOf(value)} object",
        PyUndefined => "jinja2.runtime.Undefined object",
        _ => NameOf(value) + " object",
    };

    public static bool IsText(object? value) => value is string or PyMarkup;

    public static string? TextOf(object? value) => value switch { string text => text, PyMarkup markup => markup.Text, _ => null };

    /// <summary>A list, a tuple or what groupby yields, as its items.</summary>
    public static IReadOnlyList<object?>? ItemsOf(object? value) =>
        value switch { PySequence sequence => sequence.Items, PyGroup group => group.AsTuple.Items, _ => null };
}
