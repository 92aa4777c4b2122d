using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// A vision-language model of any family, in the steps that trainers and generators need apart:
/// pixels → vision features (may be frozen and kept) → image embeddings → hidden states → logits.
/// Letters: B batch, L sequence, H hidden, V vocabulary, T image tokens of the batch.
/// </summary>
public abstract class VisionLanguageModel : NamedModule
{
    private AdapterSet? adapters;

    /// <summary>Names the module.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="config">What config.json says.</param>
    protected VisionLanguageModel(string name, ModelConfig config) : base(name) => Config = config;

    /// <summary>What config.json says; once the output layer is untied, without that tie.</summary>
    public ModelConfig Config { get; private set; }

    /// <summary>The language model's blocks.</summary>
    public abstract TextDecoder Decoder { get; }

    /// <summary>The output layer; it may share the embedding table.</summary>
    public abstract LinearLayer Head { get; }

    /// <summary>The output layer's canonical name.</summary>
    public abstract string HeadName { get; }

    /// <summary>The module that holds the output layer, under the last part of <see cref="HeadName"/>, where it has a matrix of its own.</summary>
    protected abstract nn.Module HeadOwner { get; }

    /// <summary>LoRA adapters on this model.</summary>
    public AdapterSet Adapters => adapters ??= new AdapterSet(this);

    /// <summary>The checkpoint folder that the model came from, for saving in the same form; null for a new model.</summary>
    public CheckpointOrigin? Origin { get; internal set; }

    /// <summary>Hidden size H of the language model.</summary>
    public int HiddenSize => Config.Text.HiddenSize;

    /// <summary>Size V of the output vocabulary.</summary>
    public int VocabularySize => Config.Text.VocabularySize;

    /// <summary>The id that stands in the text for one image token.</summary>
    public int ImageTokenId => Config.ImageTokenId;

    /// <summary>
    /// Longest texts, in tokens, whose beginnings' keys and values do not depend on what follows, so that several texts can take them over. Beyond the
    /// pretraining's length dynamic rotary frequencies belong to the longest text of a pass.
    /// </summary>
    public virtual int LongestSharedText => new[] { Decoder.Config.Rope, Decoder.Config.SlidingRope }
        .Min(rope => rope is { Type: "dynamic" } ? rope.OriginalMaxPositions : int.MaxValue);

    /// <summary>Parameters that belong to the vision tower (frozen in most recipes; the projector or merger is not among them).</summary>
    public abstract IEnumerable<TorchSharp.Modules.Parameter> VisionTowerParameters { get; }

    /// <summary>Runs the vision tower.</summary>
    public abstract VisionFeatures EncodeImages(ImageInputs images);

    /// <summary>Runs projector or merger: tower features → embeddings in the language model's space.</summary>
    public abstract ImageEmbeddings ProjectImages(VisionFeatures features);

    /// <summary>Tower and projector in one, on the model's device; null for no images.</summary>
    public ImageEmbeddings? EmbedImages(ImageInputs? images)
    {
        if (images is null) return null;
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        ImageEmbeddings made = ProjectImages(EncodeImages(images with { PixelValues = images.PixelValues.to(Decoder.Embedding.Weight.device) }));
        return made with
        {
            Tokens_TH = made.Tokens_TH.MoveToOuterDisposeScope(),
            DeepStack = [.. made.DeepStack.Select(level => level.MoveToOuterDisposeScope())]
        };
    }

    /// <summary>
    /// Positions of a prompt (whole text, no cache): [B, L], or [3, B, L] for M-RoPE, from the mask; and what to add to a row's count of valid
    /// tokens minus one to get the position of the next decoded token, [B, 1] (zero but for M-RoPE).
    /// </summary>
    public abstract (Tensor Positions, Tensor Deltas_B1) Positions(Tensor inputIds_BL, Tensor mask_BL, IReadOnlyList<ImageGeometry> images);

    /// <summary>Positions on one axis: valid columns counted from 0.</summary>
    private protected static (Tensor Positions, Tensor Deltas_B1) PlainPositions(Tensor mask_BL)
    {
        Tensor positions = mask_BL.to(ScalarType.Int64).cumsum(1).sub_(Scalars.One).clamp_(min: Scalars.Zero);
        return (positions, zeros([mask_BL.shape[0], 1], ScalarType.Int64, mask_BL.device));
    }

    /// <summary>
    /// Hidden states after the final norm, [B, L - from, H].
    /// </summary>
    /// <param name="inputIds_BL">Token ids, int64; image positions hold <see cref="ImageTokenId"/>.</param>
    /// <param name="mask_BL">
    /// Which columns are valid (bool). With a cache: of all cached columns and the new ones, [B, cached + L].
    /// </param>
    /// <param name="positions">[B, L] or [3, B, L], as <see cref="Positions"/> gives them.</param>
    /// <param name="images">Embeddings for the image positions in these ids; null where there are none.</param>
    /// <param name="cache">Keys and values of the columns before; null for a whole pass.</param>
    /// <param name="from">The first column whose state is wanted; the last block does no work for those before it that they do not need.</param>
    /// <param name="branches">The columns after the prompt are answers side by side; null = the columns are one text.</param>
    /// <exception cref="InvalidInputException">Image positions and image embeddings differ in number.</exception>
    public abstract Tensor Hidden(Tensor inputIds_BL, Tensor mask_BL, Tensor positions, ImageEmbeddings? images, KeyValueCache? cache = null, long from = 0,
        AnswerBranches? branches = null);

    /// <summary>Output logits of hidden states: [..., H] → [..., V].</summary>
    public Tensor Logits(Tensor hidden) => Head.Forward(hidden);

    /// <summary>The output matrix, [V, H], where logits are hidden · Wᵀ and nothing more; null where an adapter in use adds to it.</summary>
    public Tensor? OutputWeight => Head.PlainWeight;

    /// <summary>Gives the output layer a matrix of its own, a copy of the embedding table that it shared; nothing happens where it has one.</summary>
    public void Untie()
    {
        if (!Config.TieWordEmbeddings) return;
        Head.Untie();
        HeadOwner.register_module(HeadName[(HeadName.LastIndexOf('.') + 1)..], Head);
        Config = Config with { TieWordEmbeddings = false };
    }

    /// <summary>A cache that fits this model.</summary>
    /// <param name="batch">Rows.</param>
    /// <param name="capacity">Columns.</param>
    /// <param name="keepsAll">Layers with a sliding window keep all columns too; else the window alone.</param>
    public KeyValueCache NewCache(int batch, int capacity, bool keepsAll = false) => Decoder.NewCache(batch, capacity, keepsAll);

    /// <summary>A whole pass over padded texts without a cache: positions from the mask, then the hidden states.</summary>
    /// <exception cref="InvalidInputException">As of <see cref="CheckTexts(Tensor, Tensor, int)"/>, or image positions and image embeddings differ in
    /// number.</exception>
    public Tensor Hidden(Tensor inputIds_BL, Tensor mask_BL, ImageEmbeddings? images, long from = 0)
    {
        CheckTexts(inputIds_BL, mask_BL);
        return Hidden(inputIds_BL, mask_BL, Positions(inputIds_BL, mask_BL, images?.Images ?? []).Positions, images, from: from);
    }

    /// <summary>Looks at padded texts before a whole pass.</summary>
    /// <param name="inputIds_BL">Token ids.</param>
    /// <param name="mask_BL">Valid columns.</param>
    /// <param name="newTokens">Tokens that will be generated after each.</param>
    /// <exception cref="InvalidInputException">A text is longer than the model reads, a row holds no text, or an image token lies on padding.</exception>
    public void CheckTexts(Tensor inputIds_BL, Tensor mask_BL, int newTokens = 0)
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Tensor valid_BL = mask_BL.to(ScalarType.Bool), counts_B = valid_BL.sum(1);
        using TorchSharp.Scalar imageToken = ImageTokenId;
        Tensor hidden = inputIds_BL.eq(imageToken).logical_and(valid_BL.logical_not()).any().to(ScalarType.Int64);
        long[] found = stack([counts_B.amin(), counts_B.amax(), hidden]).cpu().data<long>().ToArray();
        (long fewest, long most) = (found[0], found[1]);
        CheckLengths(fewest, most, newTokens);
        if (found[2] > 0) throw ImageTokenOnPadding();
    }

    /// <summary>The same for texts that are still on the host; nothing is read back from a device.</summary>
    /// <param name="lengths">Tokens of each text.</param>
    /// <param name="padTokenId">What fills up the shorter ones; null where there are none.</param>
    /// <exception cref="InvalidInputException">A text is longer than the model reads, a row holds no text, or padding would be made of image
    /// tokens.</exception>
    public void CheckTexts(IReadOnlyList<int> lengths, int? padTokenId)
    {
        CheckLengths(lengths.Min(), lengths.Max(), newTokens: 0);
        if (padTokenId == ImageTokenId) throw ImageTokenOnPadding();
    }

    /// <summary>
    /// Hidden states of several answers to each prompt, [A · B, 1 + T, H]: those of <c>Hidden(ids, mask, images, P - 1)</c>, but each prompt is run once. Rows
    /// b, B + b, 2 B + b, ... begin with the same P columns. The texts are not looked at (see <see cref="CheckTexts(IReadOnlyList{int}, int?)"/>).
    /// </summary>
    /// <param name="inputIds_RL">Token ids, [A · B, P + T].</param>
    /// <param name="mask_RL">Valid columns.</param>
    /// <param name="promptLength">P.</param>
    /// <param name="answers">A, the answers to a prompt.</param>
    /// <param name="images">Embeddings for the image positions of the B prompts; null where there are none.</param>
    public Tensor HiddenOfAnswers(Tensor inputIds_RL, Tensor mask_RL, int promptLength, int answers, ImageEmbeddings? images)
    {
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        long prompts = inputIds_RL.shape[0] / answers, width = inputIds_RL.shape[1] - promptLength;
        IEnumerable<int> all = Enumerable.Range(0, answers);
        IReadOnlyList<ImageGeometry> geometries = images?.Images ?? [];
        Tensor positions = Positions(inputIds_RL, mask_RL, [.. all.SelectMany(_ => geometries)]).Positions;
        AnswerBranches? branches = width > 0 ? new AnswerBranches(promptLength, width) : null;
        Tensor states = Hidden(SideBySide(inputIds_RL), SideBySide(mask_RL), SideBySide(positions), images, from: promptLength - 1, branches: branches);
        return cat([.. all.Select(answer => cat([states.narrow(1, 0, 1), states.narrow(1, 1 + answer * width, width)], 1))], 0).MoveToOuterDisposeScope();

        Tensor SideBySide(Tensor x) =>
            cat([x.narrow(-2, 0, prompts).narrow(-1, 0, promptLength),
                .. all.Select(answer => x.narrow(-2, answer * prompts, prompts).narrow(-1, promptLength, width))], -1);
    }

    private void CheckLengths(long fewest, long most, int newTokens)
    {
        int room = Config.Text.MaxTokens;
        if (fewest == 0) throw new InvalidInputException("A row of the batch is padding alone, there is no token to read.");
        if (most > room) throw new InvalidInputException($"A text has {most} tokens, and the model reads at most {room}; shorten it.");
        if (most + newTokens > room)
            throw new InvalidInputException(
                $"A prompt has {most} tokens, which with {newTokens} new ones is more than the {room} that the model reads; shorten "
                    + $"it{(most < room ? $", or lower max_new_tokens to {room - most}" : "")}.");
    }

    private InvalidInputException ImageTokenOnPadding() =>
        new($"An image token ({ImageTokenId}) lies on padding, where the model does not look; the mask must cover it, and no padding may be made of it.");

    /// <summary>Runs passes on this thread under an adapter until disposed; null = the bare model.</summary>
    public IDisposable UseAdapter(string? name) => Adapters.Use(name);
}
