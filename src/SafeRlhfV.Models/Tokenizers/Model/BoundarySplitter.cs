namespace SafeRlhfV.Models;

/// <summary>
/// Cuts a piece where no merge can reach across, which changes no id: what remains are words that the cache knows.
/// Between two characters that may both be unknown it does not cut, since those can become one token.
/// </summary>
internal sealed class BoundarySplitter(BpeModel model, CharacterPairs joined, PieceReceiver receiver) : PieceReceiver
{
    public override void Receive(ReadOnlySpan<char> piece, bool first)
    {
        int start = 0;
        for (int i = 1; i < piece.Length; i++)
        {
            char left = piece[i - 1], right = piece[i];
            if (joined.MayJoin(left, right) || model.OfCharacter(left) < 0 && model.OfCharacter(right) < 0) continue;
            receiver.Receive(piece[start..i], first && start == 0);
            start = i;
        }
        receiver.Receive(piece[start..], first && start == 0);
    }
}
