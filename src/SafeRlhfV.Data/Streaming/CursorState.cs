namespace SafeRlhfV.Data;

/// <summary>Where a cursor stands; a checkpoint holds it, and a cursor that resumes from it gives the very same rows on.</summary>
/// <param name="Epoch">Passes over the data that are finished.</param>
/// <param name="Position">Rows of this rank already given in this epoch.</param>
/// <param name="Fingerprint">Digest of the files' names and row counts and of the cursor's options, so that a changed data set is noticed.</param>
public readonly record struct CursorState(long Epoch, long Position, string Fingerprint);
