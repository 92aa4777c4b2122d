namespace SafeRlhfV.Guard.Ocr;

/// <summary>An image of one channel, as it is read: 8 bits, rows top to bottom.</summary>
internal sealed record GreyImage(int Width, int Height, byte[] Pixels)
{
    private const double LargestSlope = 20;
    private const int SlopeSide = 400, Near = 3;
    private const double Clipped = 0.01; // the share of pixels that may become black, and white, when contrast is stretched

    /// <summary>
    /// The channel in which the pixels differ most: brightness, a colour, or a difference of colours, so that letters show which differ from their ground in
    /// colour alone. Its contrast is stretched, and most of it is made bright.
    /// </summary>
    public static GreyImage Of(RgbImage image)
    {
        Func<int, int, int, int>[] channels =
        [
            (r, g, b) => (299 * r + 587 * g + 114 * b) / 1000,
            (r, _, _) => r,
            (_, g, _) => g,
            (_, _, b) => b,
            (r, g, _) => (255 + r - g) / 2,
            (_, g, b) => (255 + g - b) / 2,
            (r, _, b) => (255 + r - b) / 2,
        ];
        return channels.Select(channel => Channel(image, channel)).MaxBy(Spread)!.Stretched();
    }

    /// <summary>
    /// The brightest, and the darkest, of the image as ink on white: small letters on a band of their own, which differ little from the rest of the image.
    /// </summary>
    public static IReadOnlyList<GreyImage> Extremes(RgbImage image)
    {
        GreyImage grey = Channel(image, (r, g, b) => Math.Min(r, Math.Min(g, b))), dark = Channel(image, (r, g, b) => Math.Max(r, Math.Max(g, b)));
        byte high = grey.Pixels.Max(), low = dark.Pixels.Min();
        return
        [
            grey with { Pixels = [.. grey.Pixels.Select(value => value >= high - Near ? (byte)0 : (byte)255)] },
            dark with { Pixels = [.. dark.Pixels.Select(value => value <= low + Near ? (byte)0 : (byte)255)] },
        ];
    }

    /// <summary>The image at another size, with values between the pixels.</summary>
    public GreyImage Scaled(double factor)
    {
        int width = Math.Max(1, (int)Math.Round(Width * factor)), height = Math.Max(1, (int)Math.Round(Height * factor));
        if (factor < 1) return Averaged(width, height);
        return Sampled(width, height, (x, y) => ((x + 0.5) / factor - 0.5, (y + 0.5) / factor - 0.5));
    }

    /// <summary>The image turned to the left, on a ground of its own brightness.</summary>
    public GreyImage Turned(double degrees)
    {
        double turns = degrees / 90;
        double angle = degrees * Math.PI / 180, cos = turns % 1 == 0 ? Math.Round(Math.Cos(angle)) : Math.Cos(angle),
            sin = turns % 1 == 0 ? Math.Round(Math.Sin(angle)) : Math.Sin(angle);
        if (cos == 1) return this;
        int width = (int)Math.Ceiling(Math.Abs(Width * cos) + Math.Abs(Height * sin) - 1e-9);
        int height = (int)Math.Ceiling(Math.Abs(Width * sin) + Math.Abs(Height * cos) - 1e-9);
        return Sampled(width, height, (x, y) =>
        {
            double dx = x - (width - 1) / 2.0, dy = y - (height - 1) / 2.0;
            return (dx * cos - dy * sin + (Width - 1) / 2.0, dx * sin + dy * cos + (Height - 1) / 2.0);
        });
    }

    /// <summary>
    /// By how many degrees lines of writing slope: the turn at which the rows, or columns, of the image differ most from their neighbours. At most
    /// <see cref="LargestSlope"/> either way.
    /// </summary>
    public double Slope()
    {
        GreyImage small = Scaled(Math.Min(1, (double)SlopeSide / Math.Max(Width, Height)));
        double best = 0, most = small.Contrast() * 1.02; // what stands straight is left as it is
        for (double degrees = -LargestSlope; degrees <= LargestSlope; degrees++)
        {
            double contrast = degrees == 0 ? 0 : small.Turned(degrees).Contrast();
            if (contrast > most) (best, most) = (degrees, contrast);
        }
        return best;
    }

    private double Contrast()
    {
        double[] rows = new double[Height], columns = new double[Width];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
            {
                int ink = 255 - Pixels[y * Width + x];
                rows[y] += ink;
                columns[x] += ink;
            }
        return Math.Max(Steps(rows), Steps(columns));

        static double Steps(double[] sums)
        {
            double total = 0;
            for (int i = 1; i < sums.Length; i++) total += (sums[i] - sums[i - 1]) * (sums[i] - sums[i - 1]);
            return total;
        }
    }

    private static GreyImage Channel(RgbImage image, Func<int, int, int, int> channel)
    {
        byte[] grey = new byte[image.Width * image.Height], pixels = image.Pixels;
        for (int i = 0; i < grey.Length; i++) grey[i] = (byte)channel(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]);
        return new(image.Width, image.Height, grey);
    }

    private static double Spread(GreyImage image)
    {
        double mean = 0, squares = 0;
        foreach (byte value in image.Pixels) (mean, squares) = (mean + value, squares + value * value);
        mean /= image.Pixels.Length;
        return squares / image.Pixels.Length - mean * mean;
    }

    private GreyImage Stretched()
    {
        int[] counts = new int[256];
        foreach (byte value in Pixels) counts[value]++;
        int low = At(Clipped), high = At(1 - Clipped), middle = At(0.5);
        if (high <= low) (low, high) = (At(0), Math.Max(At(0) + 1, At(1)));
        bool isDark = middle < (low + high) / 2.0; // light letters on a dark ground
        byte[] stretched = new byte[Pixels.Length];
        for (int i = 0; i < stretched.Length; i++)
        {
            int value = (int)Math.Clamp(255.0 * (Pixels[i] - low) / (high - low), 0, 255);
            stretched[i] = (byte)(isDark ? 255 - value : value);
        }
        return this with { Pixels = stretched };

        int At(double share)
        {
            long most = (long)(share * (Pixels.Length - 1)), seen = 0;
            for (int value = 0; value < 256; value++)
                if ((seen += counts[value]) > most) return value;
            return 255;
        }
    }

    private GreyImage Averaged(int width, int height)
    {
        byte[] pixels = new byte[width * height];
        for (int y = 0; y < height; y++)
        {
            int top = (int)((long)y * Height / height), bottom = Math.Max(top + 1, (int)((long)(y + 1) * Height / height));
            for (int x = 0; x < width; x++)
            {
                int left = (int)((long)x * Width / width), right = Math.Max(left + 1, (int)((long)(x + 1) * Width / width)), sum = 0;
                for (int row = top; row < bottom; row++)
                    for (int column = left; column < right; column++) sum += Pixels[row * Width + column];
                pixels[y * width + x] = (byte)(sum / ((bottom - top) * (right - left)));
            }
        }
        return new(width, height, pixels);
    }

    private GreyImage Sampled(int width, int height, Func<int, int, (double X, double Y)> from)
    {
        byte[] pixels = new byte[width * height];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                (double fromX, double fromY) = from(x, y);
                int left = (int)Math.Floor(fromX), top = (int)Math.Floor(fromY);
                double right = fromX - left, down = fromY - top;
                double value = (1 - down) * ((1 - right) * At(left, top) + right * At(left + 1, top))
                    + down * ((1 - right) * At(left, top + 1) + right * At(left + 1, top + 1));
                pixels[y * width + x] = (byte)Math.Round(value);
            }
        return new(width, height, pixels);

        // Beyond the edge the image goes on as at its edge; what a turn uncovers is white.
        double At(int x, int y) => x < -1 || y < -1 || x > Width || y > Height
            ? 255
            : Pixels[Math.Clamp(y, 0, Height - 1) * Width + Math.Clamp(x, 0, Width - 1)];
    }
}
