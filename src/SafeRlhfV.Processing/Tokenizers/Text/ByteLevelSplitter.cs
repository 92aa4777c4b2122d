namespace SafeRlhfV.Processing;

/// <summary>Cuts with GPT-2's expression if asked for, then writes each piece's bytes in the byte-level alphabet.</summary>
/// <param name="addPrefixSpace">Put a space before pieces that do not begin with one.</param>
/// <param name="useExpression">Cut with GPT-2's expression.</param>
/// <param name="mapBytes">False if the last station does the writing, so that it can look pieces up as they are.</param>
internal sealed class ByteLevelSplitter(bool addPrefixSpace, bool useExpression, bool mapBytes = true) : PreTokenizer
{
    private static readonly PatternSplitter Words = new(WordPattern.Gpt2, SplitBehavior.Isolated, invert: false);

    /// <summary>The same without the writing.</summary>
    public ByteLevelSplitter WithoutMapping => new(addPrefixSpace, useExpression, mapBytes: false);

    public override void Apply(ReadOnlySpan<char> piece, bool first, PieceReceiver next)
    {
        if (piece.IsEmpty) return;
        if (addPrefixSpace && piece[0] != ' ') piece = $" {piece}";
        PieceReceiver receiver = mapBytes ? new Mapper(next) : next;
        if (useExpression) Words.Apply(piece, first, receiver);
        else receiver.Receive(piece, first);
    }

    private sealed class Mapper(PieceReceiver next) : PieceReceiver
    {
        public override void Receive(ReadOnlySpan<char> piece, bool first) => next.Receive(ByteAlphabet.Encode(piece), first);
    }
}
