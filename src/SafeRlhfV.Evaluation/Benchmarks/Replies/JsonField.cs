namespace SafeRlhfV.Evaluation;

/// <summary>A field that a JSON reply of a judge or guard must have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Words">The words of which it is one, as they are spelt; null where it is no choice.</param>
/// <param name="Range">The bounds of a whole number, both included; null where it is no number. Without words and range it is a text.</param>
public sealed record JsonField(string Name, IReadOnlyList<string>? Words = null, (int Least, int Most)? Range = null);
