using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>Where a guard's labels come from.</summary>
public static class GuardLabelSource
{
    /// <summary>
    /// The labels that BeaverTails-V's own columns give. An answer: its yes/no label, the row's category, and the size of a negative harmless rate (flat rows
    /// state no severity). The prompt alone: harmful where the picture's severity is above 0.
    /// </summary>
    /// <param name="row">A row of either layout.</param>
    /// <param name="response">0 = the prompt alone; else the answer, 1 or 2 (1 in flat rows).</param>
    public static GuardLabel FromColumns(DatasetRow row, int response)
    {
        string category = row.Text("category")!;
        if (response == 0)
        {
            int severity = (int)Math.Clamp(row.Integer("image_severity") ?? 0, 0, 3);
            return new GuardLabel(severity > 0, severity > 0 ? [category] : [], severity);
        }
        if (row.Schema.Layout == RowLayout.Flat)
        {
            bool safe = row.ToModeratedResponse().IsResponseSafe;
            return new GuardLabel(!safe, safe ? [] : [category], safe ? 0 : null);
        }
        PreferencePair pair = row.ToPair();
        RatedResponse rated = response == 1 ? pair.Response1 : pair.Response2;
        return new GuardLabel(!rated.IsSafe, rated.IsSafe ? [] : [category], rated.IsSafe ? 0 : Math.Min(3, -rated.HarmlessRate));
    }
}
