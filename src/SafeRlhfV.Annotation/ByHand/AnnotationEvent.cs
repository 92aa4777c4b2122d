namespace SafeRlhfV.Annotation;

/// <summary>One line of the journal of annotations by hand.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">choice, done, skip or undo.</param>
/// <param name="Role">annotate, or adjudicate for the last word on a disagreement.</param>
/// <param name="Annotator">Who.</param>
/// <param name="Item">The pair's key; null for undo.</param>
/// <param name="Field">What was chosen; for choice.</param>
/// <param name="Value">The choice; for choice.</param>
/// <param name="SawMachine">Whether the machine's labels were shown after it; for done.</param>
internal sealed record AnnotationEvent(DateTimeOffset At, string Kind, string Role, string Annotator, string? Item = null, string? Field = null,
    string? Value = null, bool? SawMachine = null);
