namespace SafeRlhfV.Models;

/// <summary>A dictionary of a pickle, in the order in which it was filled; a key may come twice.</summary>
internal sealed class PickleDict
{
    /// <summary>Its items.</summary>
    public List<KeyValuePair<object?, object?>> Items { get; } = [];

    /// <summary>The last value of a key; null where it is missing.</summary>
    public object? this[string key] => Items.LastOrDefault(item => item.Key is string name && name == key).Value;
}
