namespace SafeRlhfV.Gateway;

/// <summary>How many pixels the images of one request may have together, by their headers: a small file can hold very many of one colour.</summary>
internal sealed class PixelBudget(long most)
{
    private long used;

    /// <summary>Takes pixels out of the budget; an image that is sent twice is decoded twice.</summary>
    /// <exception cref="ApiException">There are too few left.</exception>
    public void Spend(long pixels, string param)
    {
        used += pixels;
        if (used > most) throw ApiException.Invalid($"The request's images have more than {most} pixels together.", param, "images_too_large");
    }
}
