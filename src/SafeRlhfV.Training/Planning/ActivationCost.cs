using SafeRlhfV.Models;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>
/// What a decoder keeps for its backward pass, in bytes, counted from the tensors that autograd saves. Letters: H width, A query width, K key width, I inner
/// width, N heads.
/// </summary>
/// <param name="Shape">The model.</param>
/// <param name="Half">Weights take two bytes; norms work in float32 all the same.</param>
/// <param name="Lora">The adapter that is trained; null: all weights are.</param>
/// <param name="Device">Where it runs: float32 on the CPU is computed by kernels of our own, which keep less (<see cref="FusedFunction{T}"/>).</param>
internal sealed record ActivationCost(ModelShape Shape, bool Half, LoraRecipe? Lora, string Device)
{
    private const long Wide = 4;
    private const int WideVocabulary = 4096;

    private bool IsFused => Device == "cpu" && !Half;

    private bool IsWide => Shape.Text.VocabularySize >= WideVocabulary;

    private long Element => Half ? 2 : 4;

    private long H => Shape.Text.HiddenSize;

    private long A => Shape.QueryWidth;

    private long I => Shape.Text.IntermediateSize;

    // over the whole width, of each block
    private int Norms => Shape.Text.NormsOutputs ? 4 : 2;

    // Of each token: the inputs of the norms (before attention; before the feed-forward part; of Gemma's outputs) with a root each, what the norms give to
    // linear layers, the joint projection, which head norms make anew, two numbers of a head's softmax, attention's output, and the feed-forward part's gate,
    // up and product. Keys and values are needed of every token, the rest of the wanted ones.
    private (long Every, long Wanted) FusedLayer
    {
        get
        {
            (long k, long heads) = (Shape.KeyWidth, Shape.Text.Heads);
            long headNorms = Shape.Text.QueryKeyNorm ? A + k + heads + Shape.Text.KeyValueHeads : 0, norm = H + 1;
            long feedForward = (Activations.IsSilu(Shape.Text.Activation) ? 3 : 4) * I;
            long every = norm + H + A + (2 * k) + headNorms, wanted = ((Norms - 1) * norm) + H + (2 * heads) + A + feedForward;
            return (Element * every, (Element * wanted) + AdapterBytes);
        }
    }

    // inputs that were dropped out with their masks, and the low-rank products
    private long AdapterBytes => Lora is null ? 0
        : (Half ? Wide * LinearInputs : 0) + (Lora.Dropout > 0 ? (Wide + 1) * LinearInputs : 0) + (Wide * 7 * Lora.Rank);

    private long LinearInputs => (5 * H) + A + I;

    // one block keeps this of each token where torch's operations run it
    private long LayerBytes
    {
        get
        {
            // keys and values that several queries share are copied for each of them
            long keys = 2 * (Shape.Text.Heads > Shape.Text.KeyValueHeads ? A : Shape.KeyWidth);
            long attention = Element * (2 * A + keys);
            // a norm keeps its input (in float32), and where its scale is trained also the normed value; its output is the next layers' input
            long norm = (Half ? Wide : Element) * H + (Lora is null ? Element * H : 0) + (Lora is null || !Half ? Element * H : 0);
            long feedForward = Element * 3 * I + (Lora is null || !Half ? Element * I : 0);
            return Norms * norm + attention + feedForward + AdapterBytes;
        }
    }

    // what a block's own work takes beside what it keeps, of each token: forward, or its backward pass
    private long WorkBytes => Element * (2 * H + 3 * I);

    /// <summary>What a pass with its backward pass holds at its peak, weights and gradients aside.</summary>
    /// <param name="rows">Texts at a time.</param>
    /// <param name="width">Columns.</param>
    /// <param name="prompt">Columns of the prompt, of which the last block computes keys and values alone.</param>
    /// <param name="answers">Tokens whose log-probabilities are wanted; 0 for scores.</param>
    /// <param name="checkpointing">Blocks keep their inputs alone.</param>
    /// <param name="entropy">The entropies are wanted, too.</param>
    public long Pass(long rows, long width, long prompt, long answers, bool checkpointing, bool entropy = false)
    {
        long tokens = rows * width, layers = Shape.Text.Layers, mask = Mask(rows, width, prompt);
        if (!IsFused)
            return (tokens * (checkpointing ? layers * Element * H + LayerBytes + WorkBytes : layers * LayerBytes + WorkBytes))
                + (tokens * 3 * (Half ? Wide : Element) * H) + mask + LogProbabilities(answers);
        (long every, long wanted) = FusedLayer;
        long seen = rows * (width - prompt + 1), layer = every + wanted, work = tokens * WorkBytes;
        // the final norm's input and output, and the turns of all heads
        long kept = (2 * seen * Element * H) + (2 * tokens * Element * Shape.Text.HeadSize) + mask;
        if (checkpointing) (kept, work) = (kept + (layers * tokens * Element * H), work + (tokens * layer));
        else kept += ((layers - 1) * tokens * layer) + (tokens * every) + (seen * wanted);
        if (IsWide) return kept + work + LogProbabilities(answers);
        // Logits stay to the end of the pass. Their gradient, or what makes their entropy, has gone before the blocks' backward pass.
        long logits = answers * Element * Shape.Text.VocabularySize;
        return kept + (answers * Element * H) + logits + Math.Max(work, entropy ? EntropyLogits(logits) : logits);
    }

    // log-probabilities, probabilities, and which are 0 (a byte each)
    private static long EntropyLogits(long logits) => (2 * logits) + (logits / 4);

    /// <summary>
    /// What says which columns each column sees: one for all blocks of a kind but the last, which computes the answers' columns alone and has one of its own.
    /// </summary>
    private long Mask(long rows, long width, long prompt)
    {
        IReadOnlyList<bool> slides = Shape.Text.SlidingWindow < width ? Shape.Text.SlidingLayers : [];
        int kinds = slides.Contains(true) && slides.Contains(false) ? 2 : 1;
        return rows * width * (kinds * width + (width - prompt)) * Element;
    }

    /// <summary>
    /// A pass that keeps nothing but one block's own tensors, which are all there until the block ends: norms, projections, turned heads, attention,
    /// feed-forward part.
    /// </summary>
    /// <param name="rows">Texts at a time.</param>
    /// <param name="width">Columns.</param>
    /// <param name="prompt">Columns of the prompt.</param>
    public long Inference(long rows, long width, long prompt) => Inference(rows * width) + Mask(rows, width, prompt);

    /// <summary>The same without a mask of its own: prompts that are read before answers are sampled.</summary>
    public long Inference(long tokens)
    {
        // seven of width H (input, output, normed and added twice, sum), joint projection, turned queries and keys for the cache, attention's output
        if (IsFused) return tokens * Element * ((7 * H) + (3 * A) + (3 * Shape.KeyWidth) + (3 * I));
        long norm = 2 * Wide * H + Element * H + (Half ? (Wide + Element) * H : 0), keys = Shape.KeyWidth;
        long grouped = Shape.Text.Heads > Shape.Text.KeyValueHeads ? 2 * A : 0;
        return tokens * (Norms * norm + Element * (A + 2 * keys + 2 * (A + keys) + grouped + 2 * A + 5 * H + 3 * I));
    }

    // of so many answer tokens, with their backward pass
    private long LogProbabilities(long answers)
    {
        if (answers == 0) return 0;
        const long Chunks = 3 * (16L << 20), Kept = 128L << 20;
        long vocabulary = Shape.Text.VocabularySize;
        if (!IsWide) return answers * (Element * H + (Element + 3 * Wide) * vocabulary);
        bool trainsOutput = Lora is null || Lora.ModulesToSave.Contains(LoraRecipe.OutputModule);
        long ofWeight = trainsOutput ? Wide * vocabulary * H + Math.Min(Kept, answers * Wide * vocabulary) : 0;
        return answers * (2 * Element + Wide) * H + Chunks + ofWeight;
    }
}
