namespace SafeRlhfV.Processing;

/// <summary>Resampling filters, numbered as Pillow and `preprocessor_config.json` number them.</summary>
public enum ResampleFilter
{
    /// <summary>The nearest pixel, never a mixture.</summary>
    Nearest = 0,

    /// <summary>Lanczos with three lobes.</summary>
    Lanczos = 1,

    /// <summary>A triangle.</summary>
    Bilinear = 2,

    /// <summary>Cubic convolution with a = -0.5.</summary>
    Bicubic = 3,

    /// <summary>The mean over a pixel's area.</summary>
    Box = 4,

    /// <summary>A Hamming window of support 1.</summary>
    Hamming = 5,
}
