namespace SafeRlhfV.SafetyWorld;

/// <summary>A colour, 0..255 a channel.</summary>
internal readonly record struct Rgb(double Red, double Green, double Blue)
{
    public Rgb Dark => new(.35 * Red, .35 * Green, .35 * Blue);

    public Rgb Light => new(128 + .5 * Red, 128 + .5 * Green, 128 + .5 * Blue);
}
