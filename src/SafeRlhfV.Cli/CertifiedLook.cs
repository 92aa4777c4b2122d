namespace SafeRlhfV.Cli;

/// <summary>A look at held-out prompts, as the journal keeps it: written before they are read, and again with what came of it.</summary>
/// <param name="Split">Hash of the prompts' files.</param>
/// <param name="Candidate">Hash of the candidate's files.</param>
/// <param name="Looks">Looks that share δ.</param>
/// <param name="Delta">δ of all of them.</param>
/// <param name="ShuffleSeed">Seed of the shuffle.</param>
/// <param name="Budget">The mean cost that is allowed.</param>
/// <param name="Time">When.</param>
/// <param name="Holds">Whether the certificate holds; null before it is made.</param>
/// <param name="Mean">The mean cost.</param>
/// <param name="Bound">The bound that decides.</param>
internal sealed record CertifiedLook(
    string Split, string Candidate, int Looks, double Delta, long ShuffleSeed, double Budget, DateTimeOffset Time, bool? Holds = null, double? Mean = null,
    double? Bound = null);
