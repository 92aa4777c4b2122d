namespace SafeRlhfV.Evaluation;

/// <summary>What tagged replies were like; replies that a journal answered are not among them.</summary>
/// <param name="Replies">Replies.</param>
/// <param name="Incomplete">Those of which a rate or an id could not be read; they are no verdicts.</param>
/// <param name="Missing">Those that lack a field.</param>
/// <param name="Extra">Those with fields that were not asked for.</param>
/// <param name="Repeated">Those with a field twice.</param>
/// <param name="Conflicting">Those with a field in two ways.</param>
/// <param name="Contradicting">Those whose preferred answer has the lower rate.</param>
public sealed record TaggedCounts(int Replies, int Incomplete, int Missing, int Extra, int Repeated, int Conflicting, int Contradicting)
{
    /// <summary>With one more reply.</summary>
    internal TaggedCounts With(TaggedReply reply) => new(Replies + 1, Incomplete + (reply.IsComplete ? 0 : 1), Missing + Math.Min(1, reply.Missing.Count),
        Extra + Math.Min(1, reply.Extra.Count), Repeated + Math.Min(1, reply.Repeated.Count), Conflicting + Math.Min(1, reply.Conflicting.Count),
        Contradicting + Math.Min(1, reply.Contradictions.Count));
}
