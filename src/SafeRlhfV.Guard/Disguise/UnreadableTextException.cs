namespace SafeRlhfV.Guard;

/// <summary>A text is disguised more often, or at greater length, than is undone. Such a text cannot be judged, whoever is asked.</summary>
/// <param name="reason">Why, in words that may be shown to the caller.</param>
public sealed class UnreadableTextException(string reason) : Exception(reason);
