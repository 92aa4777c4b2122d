using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// A reply in JSON, read field by field: what is wrong with one field does not spoil the others, and nothing is converted or guessed. Words, brackets and code
/// fences around the one object are forgiven and told.
/// </summary>
public sealed class JsonReading
{
    private readonly Dictionary<string, object?> values = [];
    private readonly Dictionary<string, string> bad = [];
    private readonly List<string> extra = [];

    private JsonReading(string? error) => Error = error;

    /// <summary>Why there is no object to read: no-object, not-json or several-objects. Null where there is one.</summary>
    public string? Error { get; }

    /// <summary>What the fields hold: a text, an int, or null where the field is bad.</summary>
    public IReadOnlyDictionary<string, object?> Values => values;

    /// <summary>What is wrong with a field: missing, repeated, wrong-type, not-in-enum or out-of-range.</summary>
    public IReadOnlyDictionary<string, string> Bad => bad;

    /// <summary>Fields that were not asked for.</summary>
    public IReadOnlyList<string> Extra => extra;

    /// <summary>Whether something stands beside the object.</summary>
    public bool HasTextAround { get; private init; }

    /// <summary>Whether every field could be read.</summary>
    public bool IsComplete => Error is null && bad.Count == 0;

    /// <summary>Reads the fields of a reply.</summary>
    public static JsonReading Read(string? reply, params IReadOnlyList<JsonField> fields)
    {
        byte[] text = Encoding.UTF8.GetBytes((reply ?? "").Trim());
        List<JsonElement> objects = [];
        int opens = 0, last = 0;
        for (int at = 0; at < text.Length;)
        {
            int next = Array.IndexOf(text, (byte)'{', at);
            if (next < 0) break;
            opens++;
            int length = Parse(text.AsSpan(next), out JsonElement value);
            if (length > 0 && !objects.Exists(other => JsonElement.DeepEquals(other, value))) objects.Add(value);
            last = Math.Max(last, length);
            at = next + Math.Max(1, length);
        }
        if (objects.Count != 1) return new(objects.Count > 1 ? "several-objects" : opens > 0 ? "not-json" : "no-object");
        JsonReading reading = new(null) { HasTextAround = last != text.Length };
        foreach (JsonField field in fields) reading.Add(field, objects[0]);
        reading.extra.AddRange(objects[0].EnumerateObject().Select(property => property.Name)
            .Where(name => fields.All(field => field.Name != name)).Distinct());
        return reading;
    }

    private void Add(JsonField field, JsonElement from)
    {
        JsonElement[] given = [.. from.EnumerateObject().Where(property => property.NameEquals(field.Name)).Select(property => property.Value)];
        (object? value, string? fault) = given.Length switch
        {
            0 => (null, "missing"),
            1 => Value(field, given[0]),
            _ => (null, "repeated"),
        };
        values[field.Name] = value;
        if (fault is not null) bad[field.Name] = fault;
    }

    private static (object?, string?) Value(JsonField field, JsonElement given)
    {
        if (field.Range is { } range)
        {
            if (given.ValueKind != JsonValueKind.Number || given.GetRawText().AsSpan().ContainsAnyExcept("-0123456789")) return (null, "wrong-type");
            return given.TryGetInt32(out int number) && number >= range.Least && number <= range.Most ? (number, null) : (null, "out-of-range");
        }
        if (given.ValueKind != JsonValueKind.String) return (null, "wrong-type");
        string text = given.GetString()!;
        if (field.Words is null) return (text, null);
        string? word = field.Words.FirstOrDefault(word => word.Equals(text.Trim(), StringComparison.OrdinalIgnoreCase));
        return (word, word is null ? "not-in-enum" : null);
    }

    /// <summary>The bytes of the JSON object that begins here, and what it holds; 0 where none does.</summary>
    private static int Parse(ReadOnlySpan<byte> text, out JsonElement value)
    {
        value = default;
        Utf8JsonReader reader = new(text, new JsonReaderOptions { MaxDepth = 64 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return 0;
            reader.Skip();
        }
        catch (JsonException)
        {
            return 0;
        }
        int length = (int)reader.BytesConsumed;
        try
        {
            value = JsonElement.Parse(text[..length]);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return 0;
        }
        return length;
    }
}
