using SafeRlhfV.Data;

namespace SafeRlhfV.Guard.Ocr;

/// <summary>
/// Reads the words in images with Tesseract: enlarged, with their contrast stretched, dark on light, and turned. May be used by several threads; dispose it.
/// </summary>
public sealed class TesseractReader : IImageTextReader, IDisposable
{
    private static readonly double[] SmallFactors = [4, 6, 10];
    private readonly TesseractOptions options;
    private readonly TesseractPool pool;

    /// <summary>Starts the processes.</summary>
    /// <exception cref="InvalidInputException">Tesseract, or its data for a language, is not there.</exception>
    public TesseractReader(TesseractOptions? options = null)
    {
        this.options = options ?? new();
        pool = new(this.options);
    }

    /// <inheritdoc/>
    public string Name => pool.Version;

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">The image cannot be decoded, or only its address is given.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public async Task<IReadOnlyList<string>> ReadAsync(ModerationImage image, CancellationToken cancellationToken = default)
    {
        GreyImage[] pages = [.. Views(image).SelectMany(Pages)];
        string table = await pool.ReadAsync(TiffPages.Write(pages), cancellationToken).ConfigureAwait(false);
        return [.. OcrWord.Read(table).Where(word => word.Confidence >= options.Confidence).GroupBy(word => word.Page).Select(TextOf).Distinct()];
    }

    /// <summary>Ends the processes.</summary>
    public void Dispose() => pool.Dispose();

    private static IReadOnlyList<RgbImage> Views(ModerationImage image) => image.Pixels is { } pixels ? [pixels]
        : image.Encoded?.Bytes is { } bytes ? ImageDecodeViews.Of(bytes)
        : throw new InvalidInputException($"The image {image.Address?.ToString() ?? image.Encoded?.Path} cannot be read: give its bytes.");

    private IEnumerable<GreyImage> Pages(RgbImage image)
    {
        GreyImage view = GreyImage.Of(image);
        if (Math.Max(image.Width, image.Height) * options.LargestFactor < options.Side)
        {
            // Small images have room for small letters alone; how they are best enlarged depends on the letters.
            foreach (GreyImage small in (GreyImage[])[view, .. GreyImage.Extremes(image)])
                foreach (double turn in options.Rotations)
                    foreach (double factor in turn == 0 ? SmallFactors : SmallFactors[1..2]) yield return small.Scaled(factor).Turned(turn);
            yield break;
        }
        double slope = view.Slope();
        GreyImage sized = Sized(view);
        foreach (double turn in options.Rotations) yield return sized.Turned(turn + slope);
    }

    private GreyImage Sized(GreyImage image) => image.Scaled(Math.Min(options.LargestFactor, (double)options.Side / Math.Max(image.Width, image.Height)));

    private static string TextOf(IEnumerable<OcrWord> words) =>
        string.Join('\n', words.GroupBy(word => word.Line).Select(line => string.Join(' ', line.Select(word => word.Text))));
}
