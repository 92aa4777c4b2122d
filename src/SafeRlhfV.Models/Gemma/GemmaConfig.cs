using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Gemma 3 with its vision tower, or ShieldGemma 2, which is the same model with two answers.</summary>
public sealed record GemmaConfig : ModelConfig
{
    private const int UsualImageToken = 262144, UsualImageTokens = 256, UsualYes = 10784, UsualNo = 3771;

    /// <summary>The tower.</summary>
    public required VisionTowerConfig Vision { get; init; }

    /// <summary>Tokens along one side of an image after pooling.</summary>
    public required int PooledSide { get; init; }

    /// <summary>The tokens Yes and No of a guard whose answer is one of them; null = it is no guard.</summary>
    public (int Yes, int No)? Answers { get; init; }

    /// <summary>Patches along one side that are averaged to one token.</summary>
    public int PoolSize => Vision.GridSize / PooledSide;

    /// <inheritdoc/>
    public override int LeastImageTokens => PooledSide * PooledSide;

    /// <inheritdoc/>
    public override VisionSizes VisionSizes => new()
    {
        Layers = Vision.Layers,
        Width = Vision.HiddenSize,
        InnerWidth = Vision.IntermediateSize,
        FeatureWidth = Vision.HiddenSize,
        RowFeatures = (long)Vision.GridSize * Vision.GridSize,
        RowNumbers = (long)Vision.Channels * Vision.ImageSize * Vision.ImageSize,
        UsualRows = 1,
        UsualTokens = LeastImageTokens,
    };

    /// <inheritdoc/>
    public override ModelFacts Facts => base.Facts with { DoublesBegin = Answers is not null };

    /// <inheritdoc/>
    protected internal override bool TiesByDefault => true;

    /// <summary>Parses config.json.</summary>
    /// <param name="reader">config.json.</param>
    /// <param name="isGuard">It is ShieldGemma 2.</param>
    /// <exception cref="InvalidInputException">A field is malformed, out of range or not supported.</exception>
    public static GemmaConfig Read(ConfigReader reader, bool isGuard)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ConfigReader? textSection = reader.Section("text_config");
        TextConfig text = GemmaText.Read(textSection ?? ConfigReader.Parse("{}"u8.ToArray(), "config.json"));
        RopeConfig.RefuseOutside(reader, textSection);
        VisionTowerConfig vision = VisionTowerConfig.Siglip(reader.Section("vision_config") ?? throw reader.Error("vision_config", "is missing"));
        int tokens = reader.Int("mm_tokens_per_image", UsualImageTokens, most: 1 << 20), side = (int)Math.Sqrt(tokens);
        if (side * side != tokens || side > vision.GridSize || vision.GridSize / (vision.GridSize / side) != side)
            throw reader.Error("mm_tokens_per_image", $"({tokens}) must be a square that {vision.GridSize} x {vision.GridSize} patches can be averaged to");
        return new GemmaConfig
        {
            ModelType = reader.Text("model_type"),
            Text = text,
            TieWordEmbeddings = reader.Flag("tie_word_embeddings", true), // transformers reads it at the top alone
            ImageTokenId = ReadImageToken(reader, UsualImageToken),
            EosTokenIds = reader.Ints("eos_token_id") ?? textSection?.Ints("eos_token_id") ?? [],
            PadTokenId = reader.FirstInt("pad_token_id") ?? textSection?.FirstInt("pad_token_id"),
            Source = reader.Element,
            Vision = vision,
            PooledSide = side,
            Answers = isGuard ? (ReadAnswer(reader, "yes_token_index", UsualYes, text), ReadAnswer(reader, "no_token_index", UsualNo, text)) : null,
        };
    }

    /// <summary>Checks processor_config.json against the model: transformers counts image tokens by this field.</summary>
    internal void CheckProcessor(ConfigReader processor)
    {
        int stated = processor.Int("image_seq_length", UsualImageTokens);
        if (stated != LeastImageTokens)
            throw processor.Error("image_seq_length",
                $"is {stated} (its default where it says nothing is {UsualImageTokens}), config.json says mm_tokens_per_image {LeastImageTokens}");
    }

    private static int ReadAnswer(ConfigReader reader, string name, int usual, TextConfig text)
    {
        int token = reader.Int(name, usual, least: 0);
        return token < text.VocabularySize ? token : throw reader.Error(name, $"({token}) is no token of a vocabulary of {text.VocabularySize}");
    }
}
