using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>Images inside a page.</summary>
internal static class PageImage
{
    private const int SmallBytes = 150_000;

    /// <summary>
    /// The address of an image's own bytes: as they are where they are few and a browser shows them, else scaled down; null where it cannot be decoded.
    /// </summary>
    public static string? Address(byte[] bytes, ImageHeader? header)
    {
        if (header is { IsBomb: false } && bytes.Length <= SmallBytes) return $"data:{header.MediaType};base64,{Convert.ToBase64String(bytes)}";
        return ImagePreview.Jpeg(bytes) is { } jpeg ? $"data:image/jpeg;base64,{Convert.ToBase64String(jpeg)}" : null;
    }

    /// <summary>An image that can be blurred, and shown by a click or the space bar. The page's style needs gallery.css.</summary>
    public static Markup Shade(Markup image) => Markup.Of($"<label class=\"shade\"><input type=\"checkbox\" aria-label=\"Show the image\">{image}</label>");
}
