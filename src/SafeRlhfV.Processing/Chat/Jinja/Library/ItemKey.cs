using System.Globalization;
using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>What sort, groupby, map and their like look at in an item: itself, or an attribute given as a path ('a.b', 'a.0').</summary>
internal static class ItemKey
{
    /// <summary>The key by one path; texts without their case unless it counts.</summary>
    public static Func<object?, object?> Of(JinjaRun run, object? attribute, object? otherwise, bool isCaseSensitive)
    {
        object?[] path = Path(JinjaFilters.Or(attribute, null));
        return item =>
        {
            foreach (object? part in path)
            {
                item = JinjaAccess.Item(run, item, part);
                if (otherwise is not null && item is PyUndefined) item = otherwise;
            }
            return Folded(item, isCaseSensitive);
        };
    }

    /// <summary>The key by several paths with commas between them.</summary>
    public static Func<object?, object?> OfSeveral(JinjaRun run, object? attribute, bool isCaseSensitive)
    {
        if (PyTypes.TextOf(JinjaFilters.Or(attribute, null)) is not { } text || !text.Contains(',')) return Of(run, attribute, null, isCaseSensitive);
        Func<object?, object?>[] keys = [.. text.Split(',').Select(path => Of(run, path, null, isCaseSensitive))];
        return item => new PyList([.. keys.Select(key => key(item))]);
    }

    public static object? Folded(object? value, bool isCaseSensitive) => !isCaseSensitive && PyTypes.TextOf(value) is { } text ? PyCase.Lower(text) : value;

    private static object?[] Path(object? attribute) => attribute switch
    {
        null => [],
        string text => [.. text.Split('.').Select(part => part.Length > 0 && part.All(char.IsDigit) ? BigInteger.Parse(part, CultureInfo.InvariantCulture)
            : (object?)part)],
        _ => [attribute],
    };
}
