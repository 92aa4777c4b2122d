using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The fields of a wire's requests. What is not in it is refused, and so is a name that differs by case alone. What goes to the model is judged in the form of
/// a chat request, into which the wire's reader puts it.
/// </summary>
internal sealed class FieldTable
{
    private readonly FrozenDictionary<string, RequestField> byPath;
    private readonly FrozenDictionary<string, string> sameAs;

    /// <param name="rows">The fields.</param>
    /// <param name="sameAs">Paths whose members are those of another path, such as blocks within blocks.</param>
    public FieldTable(IReadOnlyList<RequestField> rows, params IReadOnlyList<(string Path, string As)> sameAs)
    {
        (All, byPath) = (rows, rows.ToFrozenDictionary(row => row.Path));
        Same = sameAs;
        this.sameAs = sameAs.ToFrozenDictionary(one => one.Path, one => one.As);
    }

    public IReadOnlyList<RequestField> All { get; }

    public IReadOnlyList<(string Path, string As)> Same { get; }

    /// <summary>Holds a request against the table.</summary>
    /// <exception cref="ApiException">A field is not known, is refused, or is of another kind than the table says.</exception>
    public void Check(JsonObject body) => CheckMembers(body, "", "");

    private void CheckMembers(JsonObject from, string pattern, string place)
    {
        foreach ((string name, JsonNode? value) in from)
        {
            string path = pattern.Length == 0 ? name : $"{pattern}.{name}", here = place.Length == 0 ? name : $"{place}.{name}";
            RequestField field = byPath.GetValueOrDefault(path) ?? throw Unknown(path, here);
            switch (field.Use)
            {
                case FieldUse.Refused when !SaysNothing(value): throw Refused(here, field.Note);
                case FieldUse.Opened when value is JsonObject one: CheckMembers(one, sameAs.GetValueOrDefault(path, path), here); break;
                case FieldUse.Opened when value is JsonArray list:
                    string items = sameAs.GetValueOrDefault($"{path}[]", $"{path}[]");
                    for (int i = 0; i < list.Count; i++)
                        if (list[i] is JsonObject item) CheckMembers(item, items, $"{here}[{i}]");
                    break;
                case FieldUse.Flag when value is not null && !(value is JsonValue flag && flag.TryGetValue(out bool _)): throw Wrong(here, "true or false");
                case FieldUse.Number when value is not null && !(value is JsonValue number && number.TryGetValue(out double real) && double.IsFinite(real)):
                    throw Wrong(here, "a number");
                case FieldUse.Whole when value is not null && !(value is JsonValue whole && whole.TryGetValue(out long _)): throw Wrong(here, "a whole number");
            }
        }
    }

    private static bool SaysNothing(JsonNode? value) =>
        value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 } || (value is JsonValue flag && flag.TryGetValue(out bool on) && !on);

    private static ApiException Wrong(string place, string what) => ApiException.Invalid($"{place} must be {what}.", place);

    private static ApiException Refused(string place, string why) => ApiException.Invalid($"{place} is refused: {why}.", place, "unsupported_parameter");

    private ApiException Unknown(string path, string place)
    {
        string shown = place.Length > 200 ? place[..200] : place;
        string? meant = All.FirstOrDefault(field => string.Equals(field.Path, path, StringComparison.OrdinalIgnoreCase))?.Path;
        return ApiException.Invalid(meant is null ? $"{shown} is not known here, so that nobody could judge it; leave it out."
            : $"{shown} must be written as in {meant}: names that differ by case alone are refused.", shown, "unknown_parameter");
    }
}
