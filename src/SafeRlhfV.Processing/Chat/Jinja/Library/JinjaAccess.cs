using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>
/// Attributes, items and slices of values as Jinja2's immutable sandbox gives them: what is not there is undefined, what the sandbox closes is undefined,
/// too, and
/// says so when it is used.
/// </summary>
internal static class JinjaAccess
{
    private static readonly HashSet<string> Common =
        [.. ("__class__ __delattr__ __dir__ __doc__ __eq__ __format__ __ge__ __getattribute__ __getstate__ __gt__ __hash__ __init__ "
        + "__init_subclass__ __le__ __lt__ __ne__ __new__ __reduce__ __reduce_ex__ __repr__ __setattr__ __sizeof__ __str__ __subclasshook__").Split(' ')];

    private static readonly Dictionary<string, HashSet<string>> Special = new()
    {
        ["str"] = [.. "__add__ __contains__ __getitem__ __getnewargs__ __iter__ __len__ __mod__ __mul__ __rmod__ __rmul__".Split(' ')],
        ["number"] =
            [.. ("__abs__ __add__ __bool__ __ceil__ __divmod__ __float__ __floor__ __floordiv__ __int__ __mod__ __mul__ __neg__ __pos__ __pow__ __radd__ "
                + "__rmod__ __rmul__ __round__ "
            + "__rsub__ __rtruediv__ __sub__ __truediv__ __trunc__ __index__ __and__ __or__ __xor__ __invert__ __lshift__ __rshift__").Split(' ')],
        ["list"] =
            [
                .. ("__add__ __class_getitem__ __contains__ __delitem__ __getitem__ "
                    + "__iadd__ __imul__ __iter__ __len__ __mul__ __reversed__ __rmul__ __setitem__").Split(' '),
            ],
        ["tuple"] = [.. "__add__ __class_getitem__ __contains__ __getitem__ __getnewargs__ __iter__ __len__ __mul__ __rmul__".Split(' ')],
        ["dict"] = [.. "__class_getitem__ __contains__ __delitem__ __getitem__ __ior__ __iter__ __len__ __or__ __reversed__ __ror__ __setitem__".Split(' ')],
        ["range"] = [.. "__bool__ __contains__ __getitem__ __iter__ __len__ __reversed__".Split(' ')],
        ["function"] =
            [
                .. ("__annotations__ __builtins__ __call__ __closure__ __code__ __defaults__ __dict__ __get__ "
                    + "__globals__ __kwdefaults__ __module__ __name__ __qualname__ __self__ __func__").Split(' '),
            ],
        ["type"] = [.. "__bases__ __base__ __mro__ __subclasses__ __call__ __dict__ __module__ __name__ __qualname__ __globals__".Split(' ')],
        ["object"] =
            [.. ("__dict__ __module__ __weakref__ __call__ __iter__ __len__ __bool__ __next__ __slots__ __add__ _undefined_message _undefined_name "
                + "_undefined_obj _undefined_hint _func _length "
            + "_iterable _iterator _after _current _Namespace__attrs _TemplateReference__context _environment _fail_with_undefined_error").Split(' ')],
    };

    /// <summary>owner.name: the attribute, else the key of that name.</summary>
    public static object? Attribute(JinjaRun run, object? owner, string name)
    {
        if (TryAttribute(run, owner, name, out object? value)) return value;
        return TryItem(run, owner, name, out value) ? value : PyUndefined.Missing(owner, name);
    }

    /// <summary>owner[key]: the item, else the attribute of that name.</summary>
    public static object? Item(JinjaRun run, object? owner, object? key)
    {
        if (owner is PyUndefined undefined) throw undefined.Error();
        if (TryItem(run, owner, key, out object? value)) return value;
        return PyTypes.TextOf(key) is { } name && TryAttribute(run, owner, name, out value) ? value : PyUndefined.Missing(owner, key);
    }

    /// <summary>owner[start:stop:step].</summary>
    public static object? Slice(JinjaRun run, object? owner, object? start, object? stop, object? step)
    {
        switch (owner)
        {
            case PyUndefined undefined: throw undefined.Error();
            case string text: return run.Built(PyCodePoints.Slice(text, start, stop, step));
            case PyMarkup markup: return new PyMarkup(run.Built(PyCodePoints.Slice(markup.Text, start, stop, step)));
            case PyTuple or PyGroup:
                IReadOnlyList<object?> items = PyTypes.ItemsOf(owner)!;
                return new PyTuple(run.List(PyCodePoints.Slice(items.Count, start, stop, step).Select(at => items[at])).Items);
            case PyList list: return run.List(PyCodePoints.Slice(list.Items.Count, start, stop, step).Select(at => list.Items[at]));
            case PyRange range: return SliceOf(range, start, stop, step);
            case PyBytes bytes: return new PyBytes([.. PyCodePoints.Slice(bytes.Bytes.Length, start, stop, step).Select(at => bytes.Bytes[at])]);
            case PyDict: throw JinjaException.Type("unhashable type: 'slice'");
            default: throw JinjaException.Type($"'{PyTypes.NameOf(owner)}' object is not subscriptable");
        }
    }

    /// <summary>An attribute that is there, with what the sandbox closes made undefined.</summary>
    public static bool TryAttribute(JinjaRun run, object? owner, string name, out object? value)
    {
        if (!Find(run, owner, name, out value)) return false;
        if (!IsSafe(owner, name)) value = PyUndefined.Unsafe(owner, name);
        return true;
    }

    private static bool IsSafe(object? owner, string name) => !name.StartsWith('_') && owner switch
    {
        PyList => !CollectionMethods.ListChanging.Contains(name),
        PyDict => !CollectionMethods.DictChanging.Contains(name),
        PyGenerator => name is not ("gi_frame" or "gi_code"),
        PyCallable { TypeName: "type" } => name == "fromkeys",
        _ => true,
    };

    private static bool Find(JinjaRun run, object? owner, string name, out object? value)
    {
        value = null;
        switch (owner)
        {
            case PyNamespace space: return name is "__class__" or "_Namespace__attrs" || space.Attributes.TryGet(name, out value);
            case PyUndefined undefined:
                if (!name.StartsWith("__", StringComparison.Ordinal) && !name.StartsWith("_undefined_", StringComparison.Ordinal)) throw undefined.Error();
                break;
            case string or PyMarkup:
                if (StringMethods.TryGet(owner, name, out value)) return true;
                break;
            case PyList or PyTuple or PyDict or PyDictView or PyRange or PyGroup or PyGenerator or PyCycler:
                if (CollectionMethods.TryGet(owner, name, out value)) return true;
                break;
            case bool or BigInteger or double:
                if (NumberMethods.TryGet(owner, name, out value)) return true;
                break;
            case JinjaLoop loop:
                if (loop.TryGet(name, out value)) return true;
                break;
            case JinjaMacro macro:
                if (macro.TryGet(name, out value)) return true;
                break;
            case JinjaSelf:
                if (JinjaSelf.TryGet(run, name, out value)) return true;
                break;
            case PyCallable { Name: "dict", TypeName: "type" }:
                if (CollectionMethods.TryGetOfType(name, out value)) return true;
                break;
            case PyCallable { TypeName: "type" }:
                if (name == "mro") return true;
                break;
        }
        if (!name.StartsWith('_')) return false;
        string kind = owner switch
        {
            string or PyMarkup => "str",
            bool or BigInteger or double => "number",
            PyList => "list",
            PyTuple or PyGroup => "tuple",
            PyDict or PyDictView => "dict",
            PyRange => "range",
            PyCallable { TypeName: "type" } => "type",
            PyCallable => "function",
            null => "",
            _ => "object",
        };
        return Common.Contains(name) || (Special.TryGetValue(kind, out HashSet<string>? special) && special.Contains(name));
    }

    private static bool TryItem(JinjaRun run, object? owner, object? key, out object? value)
    {
        value = null;
        if (owner is PyUndefined undefined) throw undefined.Error();
        if (owner is PyDict dict) return key is not (PyList or PyDict) && dict.TryGet(key, out value);
        if (!PyNumbers.IsInteger(key, out BigInteger index) || JinjaRun.LengthOf(owner) is not { } count || owner is PyDictView or JinjaLoop) return false;
        if (index.Sign < 0) index += count;
        if (index.Sign < 0 || index >= count) return false;
        int at = (int)index;
        value = owner switch
        {
            string text => PyCodePoints.Slice(text, index, index + 1, null),
            PyMarkup markup => new PyMarkup(PyCodePoints.Slice(markup.Text, index, index + 1, null)),
            PyRange range => range.At(at),
            PyBytes bytes => (BigInteger)bytes.Bytes[at],
            _ => PyTypes.ItemsOf(owner)![at],
        };
        run.Budget.Step();
        return true;
    }

    private static PyRange SliceOf(PyRange range, object? start, object? stop, object? step)
    {
        int[] places = [.. PyCodePoints.Slice(range.Count, start, stop, step)];
        BigInteger by = range.Step * (step is null ? BigInteger.One : PyNumbers.IsInteger(step, out BigInteger given) ? given : BigInteger.One);
        if (places.Length == 0) return new PyRange(range.Start, range.Start, by);
        return new PyRange(range.At(places[0]), range.At(places[^1]) + by.Sign, by);
    }
}
