namespace SafeRlhfV.Gateway;

/// <summary>What is wrong with a field of a request, in the same words for every wire.</summary>
internal static class FieldFault
{
    public static ApiException Wrong(string place, string what) => ApiException.Invalid($"{place} must be {what}.", place);

    public static ApiException Refused(string place, string why) => ApiException.Invalid($"{place} is refused: {why}.", place, "unsupported_parameter");

    /// <summary>The field is not in the table; a name that differs by case alone is told apart.</summary>
    /// <param name="table">The known fields.</param>
    /// <param name="path">The field's path in the table's form.</param>
    /// <param name="place">The field's path in the request.</param>
    /// <param name="otherwise">What can be done instead of leaving it out.</param>
    public static ApiException Unknown(IEnumerable<RequestField> table, string path, string place, string otherwise = "")
    {
        string shown = ApiException.Short(place, 200);
        string? meant = table.FirstOrDefault(field => field.IsNamed(path))?.Path;
        return ApiException.Invalid(meant is null ? $"{shown} is not known here, so that nobody could judge it; leave it out{otherwise}."
            : $"{shown} must be written as in {meant}: names that differ by case alone are refused.", shown, "unknown_parameter");
    }
}
