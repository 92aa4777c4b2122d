namespace SafeRlhfV.Guard.Ocr;

/// <summary>Settings of <see cref="TesseractReader"/>. The defaults were chosen on a validation split (docs/guard.md).</summary>
public sealed record TesseractOptions
{
    /// <summary>The program.</summary>
    public string Command { get; init; } = "tesseract";

    /// <summary>The languages whose data is used, such as eng or deu.</summary>
    public IReadOnlyList<string> Languages { get; init; } = ["eng"];

    /// <summary>How many processes read at once; as many wait with their data loaded.</summary>
    public int Processes { get; init; } = 2;

    /// <summary>The longest that reading one image may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>The turns in which an image is read, in degrees.</summary>
    public IReadOnlyList<double> Rotations { get; init; } = [0, 90, 180, 270];

    /// <summary>Tesseract's page segmentation mode: 3 finds blocks, 6 takes the image for one, 11 looks for words anywhere.</summary>
    public int PageMode { get; init; } = 6;

    /// <summary>The length of an image's longer side when it is read, in pixels: smaller ones are enlarged, larger ones are made smaller.</summary>
    public int Side { get; init; } = 1200;

    /// <summary>By how much a small image is enlarged at most.</summary>
    public double LargestFactor { get; init; } = 8;

    /// <summary>The least confidence in a word, 0..100; what is below is no word.</summary>
    public double Confidence { get; init; } = 20;
}
