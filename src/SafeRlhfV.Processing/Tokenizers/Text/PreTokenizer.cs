namespace SafeRlhfV.Processing;

/// <summary>Cuts text into the pieces that the model sees one by one.</summary>
internal abstract class PreTokenizer
{
    /// <summary>Hands the parts of a piece on to the next station; <paramref name="first"/> if the piece begins the whole text.</summary>
    public abstract void Apply(ReadOnlySpan<char> piece, bool first, PieceReceiver next);

    /// <summary>This pre-tokenizer as a station before another.</summary>
    public PieceReceiver Before(PieceReceiver next) => new Station(this, next);

    private sealed class Station(PreTokenizer step, PieceReceiver next) : PieceReceiver
    {
        public override void Receive(ReadOnlySpan<char> piece, bool first) => step.Apply(piece, first, next);
    }
}
