namespace SafeRlhfV.Processing;

/// <summary>
/// Cuts a piece where no merge can reach across, which changes no id: what remains are words that the cache knows.
/// Beside unknown characters it is careful: two of them can become one token, and where there is no unknown token they vanish,
/// so that their neighbours meet.
/// </summary>
internal sealed class BoundarySplitter(BpeModel model, CharacterPairs joined, PieceReceiver receiver) : PieceReceiver
{
    public override void Receive(ReadOnlySpan<char> piece, bool first)
    {
        int start = 0;
        for (int i = 1; i < piece.Length; i++)
        {
            char left = piece[i - 1], right = piece[i];
            if (joined.MayJoin(left, right)) continue;
            bool leftUnknown = model.OfCharacter(left) < 0, rightUnknown = model.OfCharacter(right) < 0;
            if (leftUnknown && rightUnknown || model.Unknown < 0 && (leftUnknown || rightUnknown)) continue;
            receiver.Receive(piece[start..i], first && start == 0);
            start = i;
        }
        receiver.Receive(piece[start..], first && start == 0);
    }
}
