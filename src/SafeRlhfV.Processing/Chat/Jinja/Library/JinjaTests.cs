using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>Jinja2's tests: what stands behind `is`.</summary>
internal static class JinjaTests
{
    private delegate bool Test(JinjaRun run, object? value, object?[] given);

    private static readonly Dictionary<string, (PySignature Signature, Test Call)> Tests = Create();

    public static bool Exists(string name) => Tests.ContainsKey(name);

    public static object? Apply(JinjaRun run, string name, object? value, CallArguments arguments)
    {
        if (!Tests.TryGetValue(name, out (PySignature Signature, Test Call) test)) throw JinjaException.Type($"No test named {PyText.Repr(name)}.");
        return test.Call(run, value, test.Signature.Bind(arguments));
    }

    private static Dictionary<string, (PySignature, Test)> Create()
    {
        Dictionary<string, (PySignature, Test)> tests = new(StringComparer.Ordinal);
        Add("defined", "", (_, value, _) => value is not PyUndefined);
        Add("undefined", "", (_, value, _) => value is PyUndefined);
        Add("none", "", (_, value, _) => value is null);
        Add("boolean", "", (_, value, _) => value is bool);
        Add("true", "", (_, value, _) => value is true);
        Add("false", "", (_, value, _) => value is false);
        Add("integer", "", (_, value, _) => value is BigInteger);
        Add("float", "", (_, value, _) => value is double);
        Add("number", "", (_, value, _) => PyNumbers.IsNumber(value));
        Add("string", "", (_, value, _) => PyTypes.IsText(value));
        Add("mapping", "", (_, value, _) => value is PyDict);
        Add("sequence", "", (_, value, _) => value is string or PyMarkup or PySequence or PyGroup or PyDict or PyRange or PyBytes or PyUndefined);
        Add("iterable", "", (_, value, _) =>
            value is string or PyMarkup or PySequence or PyGroup or PyDict or PyDictView or PyRange or PyBytes or PyUndefined or PyGenerator or JinjaLoop);
        Add("callable", "", (_, value, _) => value is PyCallable or JinjaMacro or JinjaLoop or PyUndefined);
        Add("escaped", "", (_, value, _) => value is PyMarkup);
        Add("lower", "", (_, value, _) => StringMethods.IsInCase(PyText.Of(value), PyCase.IsLower));
        Add("upper", "", (_, value, _) => StringMethods.IsInCase(PyText.Of(value), PyCase.IsUpper));
        Add("odd", "", (run, value, _) => PyOperators.AreEqual(PyOperators.Binary(run, "%", value, (BigInteger)2), BigInteger.One));
        Add("even", "", (run, value, _) => PyOperators.AreEqual(PyOperators.Binary(run, "%", value, (BigInteger)2), BigInteger.Zero));
        Add("divisibleby", "num", (run, value, given) => PyOperators.AreEqual(PyOperators.Binary(run, "%", value, given[0]), BigInteger.Zero));
        Add("in", "seq", (run, value, given) => PyOperators.Contains(run, given[0], value));
        Add("sameas", "other", (_, value, given) => IsSame(value, given[0]));
        Add("filter", "", (_, value, _) => JinjaFilters.Exists(Name(value)));
        Add("test", "", (_, value, _) => Exists(Name(value)));
        foreach (string name in (string[])["eq", "equalto", "=="]) Add(name, "other /", (_, value, given) => PyOperators.AreEqual(value, given[0]));
        foreach (string name in (string[])["ne", "!="]) Add(name, "other /", (_, value, given) => !PyOperators.AreEqual(value, given[0]));
        foreach ((string sign, string[] names) in new (string, string[])[] { ("<", ["lt", "lessthan", "<"]), ("<=", ["le", "<="]),
            (">", ["gt", "greaterthan", ">"]), (">=", ["ge", ">="]) })
            foreach (string name in names) Add(name, "other /", (_, value, given) => PyOperators.IsOrdered(sign, value, given[0]));
        return tests;

        void Add(string name, string parameters, Test test) => tests[name] = (new PySignature("test_" + name, parameters), test);
    }

    private static string Name(object? value) => PyTypes.TextOf(value) ?? "";

    // Python shares small integers and the texts of a template's source
    private static bool IsSame(object? left, object? right) => (left, right) switch
    {
        (bool a, bool b) => a == b,
        (BigInteger a, BigInteger b) => a == b && (a >= -5 && a <= 256),
        (string a, string b) => a == b,
        (PyTuple { Items.Count: 0 }, PyTuple { Items.Count: 0 }) => true,
        _ => ReferenceEquals(left, right),
    };
}
