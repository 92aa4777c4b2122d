namespace SafeRlhfV.Processing;

/// <summary>One station of the way from normalised text to ids: it takes a piece and hands what it makes of it to the next station.</summary>
internal abstract class PieceReceiver
{
    /// <summary>Takes a piece; <paramref name="first"/> if it begins the whole text.</summary>
    public abstract void Receive(ReadOnlySpan<char> piece, bool first);
}
