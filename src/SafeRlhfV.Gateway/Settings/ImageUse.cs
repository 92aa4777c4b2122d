namespace SafeRlhfV.Gateway;

/// <summary>What becomes of images whose file can show more than one: animations, and transparency, which looks different on each background.</summary>
public enum ImageUse
{
    /// <summary>All that they can show is judged.</summary>
    Judge,

    /// <summary>They are answered with 400.</summary>
    Refuse,
}
