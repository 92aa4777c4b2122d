using System.Collections;

namespace SafeRlhfV.Core;

/// <summary>A list that other programs may add to: trainers, model families, moderators. Safe to read while another thread adds.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="names">The names of an entry; no two entries may share one.</param>
/// <param name="entries">The entries that are there from the start.</param>
public sealed class Registry<T>(Func<T, IEnumerable<string>> names, params T[] entries) : IReadOnlyList<T> where T : class
{
    private readonly Lock gate = new();
    private T[] all = entries;

    /// <inheritdoc/>
    public int Count => all.Length;

    /// <inheritdoc/>
    public T this[int index] => all[index];

    /// <summary>Adds an entry, for the whole process.</summary>
    /// <exception cref="ArgumentException">Another entry has one of its names.</exception>
    public void Add(T entry)
    {
        lock (gate)
        {
            foreach (string name in names(entry))
                if (Find(name) is not null) throw new ArgumentException($"'{name}' is listed already.", nameof(entry));
            all = [.. all, entry];
        }
    }

    /// <summary>The entry of a name; null if there is none.</summary>
    public T? Find(string name) => Array.Find(all, entry => names(entry).Contains(name));

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)all).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
