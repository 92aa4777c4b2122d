namespace SafeRlhfV.Guard;

/// <summary>One stage of a cascade.</summary>
/// <param name="Moderator">Who judges.</param>
/// <param name="SureUnsafe">An unsafe verdict from this probability on is final, 0..1.</param>
/// <param name="SureSafe">A safe verdict up to this probability is final; a negative number (the default) lets no safe verdict be final before the last
/// stage.</param>
public sealed record CascadeStage(IModerator Moderator, double SureUnsafe = 0.9, double SureSafe = -1);
