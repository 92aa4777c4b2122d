namespace SafeRlhfV.Data;

/// <summary>Which images model families do not take.</summary>
/// <param name="Refusal">Why an image of this width and height (pixels) is refused, and by which families; null where all take it.</param>
/// <param name="Severity">An error where this family is to be trained, else a warning.</param>
public sealed record ImageLimit(Func<int, int, string?> Refusal, FindingSeverity Severity)
{
    internal IEnumerable<Finding> Check(RowPrint row) => row.Images.Select(image => Refusal(image.Width, image.Height)).OfType<string>().Select(why =>
        new Finding(Fault.ImageProportions, Severity, row.Position.File, row.Position.Row,
            [row.Schema.Columns.Any(column => column.Name == "images") ? "images" : "image"], why)
        { Split = row.Position.Split });
}
