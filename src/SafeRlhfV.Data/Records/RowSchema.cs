using System.Collections.Concurrent;
using System.Collections.Frozen;

namespace SafeRlhfV.Data;

/// <summary>The columns of a layout, in the order in which they are written. Readers find them by name.</summary>
public sealed class RowSchema
{
    private static readonly ConcurrentDictionary<(RowSchema, string), RowSchema> Extended = [];

    // columns that a set may have beside its layout's own
    private static readonly (string Name, ColumnKind Kind)[] Extensions =
    [
        ("messages", ColumnKind.Messages), ("images", ColumnKind.ImageList), ("overall_response_id", ColumnKind.Text), ("source_fields", ColumnKind.Text),
        ("answer", ColumnKind.Text), ("is_prompt_safe", ColumnKind.Text),
    ];

    private readonly FrozenDictionary<string, int> indices;

    internal RowSchema(RowLayout layout, params (string Name, ColumnKind Kind)[] columns)
    {
        (Layout, Columns) = (layout, columns);
        indices = columns.Select((column, index) => (column.Name, index)).ToFrozenDictionary(pair => pair.Name, pair => pair.index, StringComparer.Ordinal);
    }

    /// <summary>The paired layout (<c>saferlhf-v/BeaverTails-V</c>), 16 columns.</summary>
    public static RowSchema Paired { get; } = new(RowLayout.Paired,
        ("question", ColumnKind.Text), ("image", ColumnKind.Image), ("category", ColumnKind.Text), ("image_severity", ColumnKind.Integer),
        ("response_1", ColumnKind.Text), ("response_2", ColumnKind.Text), ("response_1_from", ColumnKind.Text), ("response_2_from", ColumnKind.Text),
        ("more_helpful_response_id", ColumnKind.Text), ("is_response_1_safe", ColumnKind.Text), ("is_response_2_safe", ColumnKind.Text),
        ("safer_response_id", ColumnKind.Text), ("response_1_harmless_rate", ColumnKind.Integer), ("response_2_harmless_rate", ColumnKind.Integer),
        ("response_1_helpful_rate", ColumnKind.Integer), ("response_2_helpful_rate", ColumnKind.Integer));

    /// <summary>The flat layout (<c>PKU-Alignment/BeaverTails-V</c>), 6 columns.</summary>
    public static RowSchema Flat { get; } = new(RowLayout.Flat,
        ("question", ColumnKind.Text), ("image", ColumnKind.Image), ("category", ColumnKind.Text), ("image_severity", ColumnKind.Integer),
        ("response", ColumnKind.Text), ("is_response_safe", ColumnKind.Text));

    /// <summary>The flat layout with what it takes to make the pairs again: where each answer came from, its rates, and the pair's preferences.</summary>
    public static RowSchema FlatTraced { get; } = new(RowLayout.Flat, [.. Flat.Columns,
        ("pair", ColumnKind.Text), ("response_id", ColumnKind.Integer), ("response_from", ColumnKind.Text), ("harmless_rate", ColumnKind.Integer),
        ("helpful_rate", ColumnKind.Integer), ("more_helpful_response_id", ColumnKind.Text), ("safer_response_id", ColumnKind.Text)]);

    /// <summary>The schema of a layout.</summary>
    public static RowSchema Of(RowLayout layout) => layout == RowLayout.Paired ? Paired : Flat;

    /// <summary>Which layout this is.</summary>
    public RowLayout Layout { get; }

    /// <summary>Whether rows can hold conversations: columns <c>messages</c> and <c>images</c> beside question and image.</summary>
    public bool HasMessages => IndexOf("messages") >= 0;

    /// <summary>Whether flat rows hold what it takes to make the pairs again.</summary>
    internal bool IsTraced => IndexOf("pair") >= 0;

    /// <summary>The columns in writing order.</summary>
    public IReadOnlyList<(string Name, ColumnKind Kind)> Columns { get; }

    /// <summary>The place of a column in <see cref="Columns"/>, or -1.</summary>
    public int IndexOf(string column) => indices.GetValueOrDefault(column, -1);

    /// <summary>Whether a column may stand beside a layout's own.</summary>
    internal static bool IsExtension(string column) => Extensions.Any(extension => extension.Name == column);

    /// <summary>Whether some schema has a column of this name.</summary>
    internal static bool IsKnown(string column) => Paired.IndexOf(column) >= 0 || FlatTraced.IndexOf(column) >= 0 || IsExtension(column);

    /// <summary>
    /// The same columns and those of the extensions that are named: messages and images, overall_response_id, source_fields, answer, is_prompt_safe.
    /// </summary>
    internal RowSchema With(IReadOnlyCollection<string> names)
    {
        bool messages = names.Contains("messages");
        (string Name, ColumnKind Kind)[] added = [.. Extensions.Where(column => IndexOf(column.Name) < 0
            && (column.Kind == ColumnKind.Text
                ? names.Contains(column.Name) && (Layout == RowLayout.Paired || IsTraced || column.Name != "overall_response_id")
                : messages))];
        return added.Length == 0
            ? this
            : Extended.GetOrAdd((this, string.Join(' ', added.Select(column => column.Name))), _ => new RowSchema(Layout, [.. Columns, .. added]));
    }

    /// <summary>The layout that a set of column names means: the one with more of its own columns present; paired where none is.</summary>
    internal static RowSchema Guess(IReadOnlyCollection<string> names)
    {
        int paired = Paired.Columns.Count(column => Flat.IndexOf(column.Name) < 0 && names.Contains(column.Name));
        if (FlatTraced.Columns.All(column => names.Contains(column.Name))) return FlatTraced.With(names);
        int flat = Flat.Columns.Count(column => Paired.IndexOf(column.Name) < 0 && names.Contains(column.Name));
        return (flat > 0 && flat >= paired ? Flat : Paired).With(names);
    }
}
