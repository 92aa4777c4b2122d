namespace SafeRlhfV.Models;

/// <summary>How the reference read an image file before its processor got it.</summary>
public enum ParityImageLoading
{
    /// <summary>Opened and made RGB: alpha dropped, not turned.</summary>
    Converted,

    /// <summary>Opened and handed over: laid on white, not turned.</summary>
    Opened,

    /// <summary>Given by its path: turned as EXIF says, alpha dropped.</summary>
    FromPath,
}
