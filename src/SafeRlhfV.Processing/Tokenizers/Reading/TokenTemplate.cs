namespace SafeRlhfV.Processing;

/// <summary>A part of a template: a special token, or the place of the first or second text.</summary>
/// <param name="Text">0: a special token; 1: the first text; 2: the second.</param>
/// <param name="Id">The special token's id.</param>
/// <param name="Type">The type of the part's ids (token_type_ids).</param>
internal readonly record struct TemplatePart(int Text, int Id, int Type);

/// <summary>What is put around a text, or two, when special tokens are wanted.</summary>
internal sealed record TokenTemplate
{
    /// <param name="single">For one text; it holds that text once.</param>
    /// <param name="pair">For two texts; null: nothing is known of pairs.</param>
    public TokenTemplate(IReadOnlyList<TemplatePart> single, IReadOnlyList<TemplatePart>? pair = null)
    {
        (Single, Pair) = (single, pair);
        Before = [.. single.TakeWhile(part => part.Text == 0).Select(part => part.Id)];
        After = [.. single.SkipWhile(part => part.Text == 0).Skip(1).Select(part => part.Id)];
    }

    /// <summary>Nothing is added.</summary>
    public static TokenTemplate None { get; } = new([new TemplatePart(1, 0, 0)]);

    /// <summary>For one text.</summary>
    public IReadOnlyList<TemplatePart> Single { get; }

    /// <summary>For two texts; null where the file says nothing of them.</summary>
    public IReadOnlyList<TemplatePart>? Pair { get; }

    /// <summary>Ids before one text.</summary>
    public int[] Before { get; }

    /// <summary>Ids after one text.</summary>
    public int[] After { get; }

    /// <summary>This template around another one's result.</summary>
    public TokenTemplate Around(TokenTemplate inner)
    {
        if (inner == None) return this;
        if (this == None) return inner;
        return new([.. Single.SelectMany(part => part.Text == 0 ? [part] : inner.Single)]);
    }

    /// <summary>Fills in the texts' ids.</summary>
    public static TokenSequence Fill(IReadOnlyList<TemplatePart> template, ReadOnlySpan<int> first, ReadOnlySpan<int> second = default)
    {
        List<int> ids = new(template.Count + first.Length + second.Length), types = new(ids.Capacity);
        foreach (TemplatePart part in template)
        {
            int before = ids.Count;
            if (part.Text == 0) ids.Add(part.Id);
            else ids.AddRange(part.Text == 1 ? first : second);
            for (int i = before; i < ids.Count; i++) types.Add(part.Type);
        }
        return new([.. ids], [.. types]);
    }
}
