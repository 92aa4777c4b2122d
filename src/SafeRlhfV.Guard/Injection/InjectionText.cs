namespace SafeRlhfV.Guard;

/// <summary>A text to look for injections in.</summary>
/// <param name="Side">Where it comes from.</param>
/// <param name="Text">The text.</param>
public sealed record InjectionText(InjectionSide Side, string Text);
