namespace SafeRlhfV.Training;

/// <summary>
/// What a decoder keeps for its backward pass, in bytes, counted from the tensors that autograd saves. Letters: H width, A query width, K key width, I inner
/// width.
/// </summary>
/// <param name="Shape">The model.</param>
/// <param name="Half">Weights take two bytes; norms work in float32 all the same.</param>
/// <param name="Lora">The adapter that is trained; null: all weights are.</param>
internal sealed record ActivationCost(ModelShape Shape, bool Half, LoraRecipe? Lora)
{
    private const long Wide = 4;

    private long Element => Half ? 2 : 4;

    private long H => Shape.Text.HiddenSize;

    private long A => Shape.QueryWidth;

    private long I => Shape.Text.IntermediateSize;

    // over the whole width, of each block
    private int Norms => Shape.Text.NormsOutputs ? 4 : 2;

    /// <summary>One block keeps this of each token.</summary>
    public long LayerBytes
    {
        get
        {
            // keys and values that several queries share are copied for each of them
            long keys = 2 * (Shape.Text.Heads > Shape.Text.KeyValueHeads ? A : Shape.KeyWidth);
            long attention = Element * (2 * A + keys), inputs = 5 * H + A + I;
            // a norm keeps its input (in float32), and where its scale is trained also the normed value; its output is the next layers' input
            long norm = (Half ? Wide : Element) * H + (Lora is null ? Element * H : 0) + (Lora is null || !Half ? Element * H : 0);
            long feedForward = Element * 3 * I + (Lora is null || !Half ? Element * I : 0);
            long adapters = Lora is null ? 0 : (Half ? Wide * inputs : 0) + (Lora.Dropout > 0 ? (Wide + 1) * inputs : 0) + Wide * 7 * Lora.Rank;
            return Norms * norm + attention + feedForward + adapters;
        }
    }

    /// <summary>What a block's own work takes beside what it keeps, of each token: forward, or its backward pass.</summary>
    public long WorkBytes => Element * (2 * H + 3 * I);

    /// <summary>All blocks, kept for the backward pass.</summary>
    public long Training(long tokens, bool checkpointing) =>
        tokens * (checkpointing ? Shape.Text.Layers * Element * H + LayerBytes + WorkBytes : Shape.Text.Layers * LayerBytes + WorkBytes)
        + tokens * 3 * (Half ? Wide : Element) * H;

    /// <summary>
    /// What says which columns each column sees: one for all blocks of a kind but the last, which computes the answers' columns alone and has one of its own.
    /// </summary>
    public long Mask(long rows, long width, long prompt)
    {
        IReadOnlyList<bool> slides = Shape.Text.SlidingWindow < width ? Shape.Text.SlidingLayers : [];
        int kinds = slides.Contains(true) && slides.Contains(false) ? 2 : 1;
        return rows * width * (kinds * width + (width - prompt)) * Element;
    }

    /// <summary>
    /// A pass that keeps nothing but one block's own tensors, which are all there until the block ends: norms, projections, turned heads, attention,
    /// feed-forward part.
    /// </summary>
    public long Inference(long tokens)
    {
        long norm = 2 * Wide * H + Element * H + (Half ? (Wide + Element) * H : 0), keys = Shape.KeyWidth;
        long grouped = Shape.Text.Heads > Shape.Text.KeyValueHeads ? 2 * A : 0;
        return tokens * (Norms * norm + Element * (A + 2 * keys + 2 * (A + keys) + grouped + 2 * A + 5 * H + 3 * I));
    }

    /// <summary>Log-probabilities of so many answer tokens, with their backward pass.</summary>
    public long LogProbabilities(long answers, bool trained)
    {
        const int WideVocabulary = 4096;
        const long Chunks = 3 * (16L << 20), Kept = 128L << 20;
        long vocabulary = Shape.Text.VocabularySize;
        if (vocabulary < WideVocabulary) return answers * (Element * H + (Element + 3 * Wide) * vocabulary);
        bool trainsOutput = trained && (Lora is null || Lora.ModulesToSave.Contains(LoraRecipe.OutputModule));
        long ofWeight = trainsOutput ? Wide * vocabulary * H + Math.Min(Kept, answers * Wide * vocabulary) : 0;
        return answers * (2 * Element + Wide) * H + Chunks + ofWeight;
    }
}
