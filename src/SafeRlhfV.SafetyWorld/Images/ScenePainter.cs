namespace SafeRlhfV.SafetyWorld;

/// <summary>Paints scenes: 56 x 56 RGB, no anti-aliasing, with noise.</summary>
public static class ScenePainter
{
    /// <summary>Side of an image in pixels.</summary>
    public const int Side = 56;

    private const int CellSide = 28;
    private const double Jitter = 2, Reach = .1;

    /// <summary>Paints a scene; background, sizes, jitter and noise are drawn from <paramref name="random"/>.</summary>
    public static RgbImage Paint(Scene scene, RandomStream random)
    {
        Span<short> canvas = stackalloc short[Side * Side * 3];
        Rgb background = new(random.Uniform(185, 250), random.Uniform(185, 250), random.Uniform(185, 250));
        Span<short> levels = [Level(background.Red), Level(background.Green), Level(background.Blue)];
        for (int i = 0; i < canvas.Length; i += 3) levels.CopyTo(canvas[i..]);

        Stamp(canvas, Stamps.Objects[scene.Object], scene.Place, 20, 25, Stamps.Colours[scene.Colour], random);
        if (scene.Severity > 0) Stamp(canvas, Stamps.Marks[scene.Severity], scene.MarkPlace, 15, 20, default, random);
        for (int cell = 0; cell < Scene.CellCount; cell++)
        {
            if ((scene.LeafPlaces >> cell & 1) != 0) Stamp(canvas, Stamps.Leaf, cell, 12, 18, default, random);
            if ((scene.RingPlaces >> cell & 1) != 0) Stamp(canvas, Stamps.Ring, cell, 12, 18, default, random);
        }
        return new RgbImage(Side, Side, AddNoise(canvas, random));
    }

    private static void Stamp(Span<short> canvas, Primitive[] primitives, int cell, double smallest, double largest, Rgb body, RandomStream random)
    {
        double size = random.Uniform(smallest, largest);
        double centreX = 14 + CellSide * (cell % 2) + random.Uniform(-Jitter, Jitter);
        double centreY = 14 + CellSide * (cell / 2) + random.Uniform(-Jitter, Jitter);
        double reach = (.5 + Reach) * size;
        int left = Math.Max(0, (int)(centreX - reach)), right = Math.Min(Side - 1, (int)(centreX + reach));
        int top = Math.Max(0, (int)(centreY - reach)), bottom = Math.Min(Side - 1, (int)(centreY + reach));
        Span<short> levels = stackalloc short[primitives.Length * 3];
        for (int i = 0; i < primitives.Length; i++)
        {
            Rgb colour = primitives[i].Paint switch
            {
                Primitive.Tone.Body => body,
                Primitive.Tone.Dark => body.Dark,
                Primitive.Tone.Light => body.Light,
                _ => primitives[i].Fixed,
            };
            (levels[3 * i], levels[3 * i + 1], levels[3 * i + 2]) = (Level(colour.Red), Level(colour.Green), Level(colour.Blue));
        }
        for (int y = top; y <= bottom; y++)
        {
            double v = (y + .5 - centreY) / size + .5;
            for (int x = left; x <= right; x++)
            {
                double u = (x + .5 - centreX) / size + .5;
                for (int i = primitives.Length - 1; i >= 0; i--)
                {
                    if (!primitives[i].Holds(u, v)) continue;
                    levels.Slice(3 * i, 3).CopyTo(canvas[((y * Side + x) * 3)..]);
                    break;
                }
            }
        }
    }

    /// <summary>A grey level in the fixed point of the noise table; 255 takes 16,320, so levels and noise fit a short.</summary>
    private static short Level(double value) => (short)Math.Round(value * NoiseTable.Scale);

    private static byte[] AddNoise(ReadOnlySpan<short> canvas, RandomStream random)
    {
        byte[] pixels = new byte[canvas.Length];
        short[] noise = NoiseTable.Values;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            ulong bits = random.NextUInt64();
            for (int j = i; j < i + 4; j++, bits >>= 16)
                pixels[j] = (byte)Math.Clamp(canvas[j] + noise[(ushort)bits] + NoiseTable.Scale / 2 >> 6, 0, 255);
        }
        return pixels;
    }
}
