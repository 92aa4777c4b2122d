using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Every piece is cut into the tokens whose scores have the highest sum (SentencePiece's unigram model).</summary>
/// <remarks>A character that no token begins with alone may be unknown, at a score of 10 below the lowest; neighbouring unknowns are one token.</remarks>
internal sealed class UnigramModel : TokenModel
{
    private const double UnknownPenalty = 10;

    private readonly IReadOnlyList<(string Token, double Score)> scores;
    private readonly int? unknown;
    private readonly IReadOnlySet<int> hidden;
    private readonly Dictionary<string, int> vocabulary = [];
    private readonly Dictionary<(int Node, char Unit), int> edges = [];
    private readonly List<int> ends = [-1];
    private readonly double unknownScore;
    private readonly int[]? bytes;

    /// <param name="scores">Tokens with their scores, by id.</param>
    /// <param name="unknown">The id of the unknown token; null: there is none, and a text that needs it is an error.</param>
    /// <param name="byteFallback">Unknown characters become the tokens of their bytes, where all are there.</param>
    /// <param name="hidden">Ids that no text gives.</param>
    public UnigramModel(IReadOnlyList<(string Token, double Score)> scores, int? unknown, bool byteFallback, IReadOnlySet<int>? hidden = null)
    {
        (this.scores, this.unknown, this.hidden) = (scores, unknown, hidden ?? new HashSet<int>());
        for (int id = 0; id < scores.Count; id++)
        {
            vocabulary[scores[id].Token] = id;
            if (!this.hidden.Contains(id) && scores[id].Token.Length > 0) Add(scores[id].Token, id);
        }
        unknownScore = scores.Select(entry => entry.Score).DefaultIfEmpty(0).Min() - UnknownPenalty;
        if (!byteFallback) return;
        bytes = [.. Enumerable.Range(0, 256).Select(value => vocabulary.GetValueOrDefault($"<0x{value:X2}>", -1))];
    }

    public override IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    public override TokenModel Without(IReadOnlySet<int> hidden) =>
        hidden.Any(id => id < scores.Count && id != unknown) ? new UnigramModel(scores, unknown, bytes is not null, hidden) : this;

    public override ModelRun NewRun() => new Run(this);

    private void Add(string token, int id)
    {
        int node = 0;
        foreach (char unit in token)
        {
            if (!edges.TryGetValue((node, unit), out int child))
            {
                edges[(node, unit)] = child = ends.Count;
                ends.Add(-1);
            }
            node = child;
        }
        ends[node] = id;
    }

    private sealed class Run(UnigramModel model) : ModelRun
    {
        private readonly List<(int Start, int End, int Id)> path = [];
        private (double Score, int Start, int Id)[] best = [];

        public override void Append(ReadOnlySpan<char> piece, IdBuffer ids)
        {
            FindBest(piece);
            path.Clear();
            for (int end = piece.Length; end > 0; end = best[end].Start)
            {
                (int start, int id) = (best[end].Start, best[end].Id);
                if (id < 0 && path.Count > 0 && path[^1].Id < 0) path[^1] = path[^1] with { Start = start };
                else path.Add((start, end, id));
            }
            for (int i = path.Count - 1; i >= 0; i--)
            {
                if (path[i].Id >= 0) ids.Add(path[i].Id);
                else AppendUnknown(piece[path[i].Start..path[i].End], ids);
            }
        }

        // best[end]: the best way to cut what lies before `end`, and the token that it ends with (-1: unknown)
        private void FindBest(ReadOnlySpan<char> piece)
        {
            if (best.Length <= piece.Length) best = new (double, int, int)[piece.Length + 1];
            Array.Fill(best, (0, -1, -1), 0, piece.Length + 1);
            for (int start = 0, width; start < piece.Length; start += width)
            {
                width = char.IsHighSurrogate(piece[start]) && start + 1 < piece.Length ? 2 : 1;
                bool single = false;
                for (int node = 0, end = start; end < piece.Length && model.edges.TryGetValue((node, piece[end]), out node);)
                {
                    end++;
                    if (model.ends[node] < 0) continue;
                    Offer(start, end, model.ends[node], model.scores[model.ends[node]].Score);
                    single |= end - start == width;
                }
                if (!single) Offer(start, start + width, -1, model.unknownScore);
            }
        }

        private void Offer(int start, int end, int id, double score)
        {
            double sum = best[start].Score + score;
            if (best[end].Start < 0 || sum > best[end].Score) best[end] = (sum, start, id == model.unknown ? -1 : id);
        }

        private void AppendUnknown(ReadOnlySpan<char> text, IdBuffer ids)
        {
            if (model.bytes is { } bytes)
            {
                byte[] utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
                Encoding.UTF8.GetBytes(text, utf8);
                if (utf8.All(value => bytes[value] >= 0))
                {
                    foreach (byte value in utf8) ids.Add(bytes[value]);
                    return;
                }
            }
            ids.Add(model.unknown ?? throw new InvalidInputException($"The tokenizer's unigram vocabulary has no token for '{text}' and no unknown token; "
                + "set model.unk_id."));
        }
    }
}
