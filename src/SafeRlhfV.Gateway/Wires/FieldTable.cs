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
        this.sameAs = sameAs.ToFrozenDictionary(one => one.Path, one => one.As);
    }

    public IReadOnlyList<RequestField> All { get; }

    /// <summary>Holds a request against the table.</summary>
    /// <exception cref="ApiException">A field is not known, is refused, or is of another kind than the table says.</exception>
    public void Check(JsonObject body) => CheckMembers(body, "", "");

    private void CheckMembers(JsonObject from, string pattern, string place)
    {
        foreach ((string name, JsonNode? value) in from)
        {
            string path = pattern.Length == 0 ? name : $"{pattern}.{name}", here = place.Length == 0 ? name : $"{place}.{name}";
            RequestField field = byPath.GetValueOrDefault(path) ?? throw FieldFault.Unknown(All, path, here);
            switch (field.Use)
            {
                case FieldUse.Refused when !SaysNothing(value): throw FieldFault.Refused(here, field.Note);
                case FieldUse.Opened when value is JsonObject one: CheckMembers(one, sameAs.GetValueOrDefault(path, path), here); break;
                case FieldUse.Opened when value is JsonArray list:
                    string items = sameAs.GetValueOrDefault($"{path}[]", $"{path}[]");
                    for (int i = 0; i < list.Count; i++)
                        if (list[i] is JsonObject item) CheckMembers(item, items, $"{here}[{i}]");
                    break;
                case FieldUse.Flag when value is not null && JsonScalar.Flag(value) is null: throw FieldFault.Wrong(here, "true or false");
                case FieldUse.Number when value is not null && !JsonScalar.IsNumber(value): throw FieldFault.Wrong(here, "a number");
                case FieldUse.Whole when value is not null && JsonScalar.Whole(value) is null:
                    throw FieldFault.Wrong(here, JsonScalar.WholeWords);
            }
        }
    }

    private static bool SaysNothing(JsonNode? value) =>
        value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 } || JsonScalar.Flag(value) == false;
}
