using CsCheck;
using SafeRlhfV.Testing;
using SkiaSharp;

namespace SafeRlhfV.Data.Tests;

public sealed class ImageDecoderTests
{
    // small files only: every one is decoded many times
    private static readonly byte[][] Files =
        [.. Directory.GetFiles(Golden.At("images")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(bytes => bytes.Length is > 0 and < 40_000)];

    [Fact]
    public void HostileBytesGiveAImageOrOneNamedError()
    {
        Assert.True(Files.Length > 10);
        Gen.Select(Gen.Int[0, Files.Length - 1], Gen.Select(Gen.Double[0, 1], Gen.Byte).Array[0, 6], Gen.Double[0, 1.5], Gen.Enum<AlphaPolicy>(), Gen.Bool)
            .Sample((which, changes, cut, alpha, turn) =>
            {
                byte[] bytes = Files[which][..(int)(Math.Min(cut, 1) * Files[which].Length)];
                // squared: most faults near the start, where the headers are
                foreach ((double place, byte value) in changes)
                    if (bytes.Length > 0) bytes[(int)(place * place * (bytes.Length - 1))] = value;
                try
                {
                    RgbImage image = ImageDecoder.Decode(bytes, new ImageDecodeOptions { Alpha = alpha, ApplyOrientation = turn, MaxPixels = 1 << 20 });
                    Assert.InRange(image.Width * image.Height, 1, 1 << 20);
                }
                catch (InvalidInputException error)
                {
                    Assert.StartsWith("the image", error.Message);
                }
            }, iter: 400);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheSizeWithoutDecodingIsThatOfTheImage(bool turn)
    {
        ImageDecodeOptions options = new() { ApplyOrientation = turn };
        int read = 0;
        foreach (byte[] file in Files)
        {
            RgbImage image;
            try
            {
                image = ImageDecoder.Decode(file, options);
            }
            catch (InvalidInputException)
            {
                continue; // what is broken may only show when it is decoded
            }
            Assert.Equal((image.Width, image.Height), ImageDecoder.ReadSize(file, options));
            read++;
        }
        Assert.True(read > 10);
    }

    [Fact]
    public void RandomBytesAreNoImage() =>
        Gen.Byte.Array[0, 200].Sample(bytes => { Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(bytes)); }, iter: 300);

    [Fact]
    public void AVisitSeesThePixelsThatDecodingGivesWithoutArraysForThem()
    {
        foreach (byte[] file in Files)
            foreach (AlphaPolicy alpha in Enum.GetValues<AlphaPolicy>())
                foreach ((bool turn, bool clip) in ((bool, bool)[])[(false, false), (true, false), (false, true)])
                {
                    ImageDecodeOptions options = new() { Alpha = alpha, ApplyOrientation = turn, ClipSixteenBitGray = clip };
                    RgbImage? image = null;
                    try
                    {
                        image = ImageDecoder.Decode(file, options);
                    }
                    catch (InvalidInputException error)
                    {
                        Assert.Equal(error.Message, Assert.Throws<InvalidInputException>(() => ImageDecoder.Visit(file, (_, _, _) => 0, options)).Message);
                    }
                    if (image is not null) Assert.True(ImageDecoder.Visit(file,
                        (width, height, rgb) => (width, height) == (image.Width, image.Height) && rgb.SequenceEqual(image.Pixels), options));
                }
        byte[] large = Files.MaxBy(file => ImageHeader.Read(file) is { IsBomb: false } header && header.Format == "JPEG" ? header.Width * header.Height : 0)!;
        ImageDecoder.Visit(large, (_, _, _) => 0);
        long before = GC.GetAllocatedBytesForCurrentThread(), pixels = ImageDecoder.Visit(large, (_, _, rgb) => rgb.Length),
            taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(taken < pixels / 4, $"{taken} bytes for an image of {pixels}");
    }

    [Fact]
    public void ThePixelLimitIsTheCallers()
    {
        byte[] coffee = File.ReadAllBytes(Golden.At("images", "coffee.png"));
        Assert.Equal(300, ImageDecoder.Decode(coffee, new ImageDecodeOptions { MaxPixels = 300 * 200 }).Width);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
            ImageDecoder.Decode(coffee, new ImageDecodeOptions { MaxPixels = 300 * 200 - 1 }));
        Assert.Contains("300 x 200", error.Message);
    }

    [Fact]
    public void SixteenBitsAreScaledUnlessTheReferencesQuirkIsAskedFor()
    {
        byte[] file = File.ReadAllBytes(Golden.At("images", "sixteen-bit.png"));
        byte[] scaled = ImageDecoder.Decode(file).Pixels, clipped = ImageDecoder.Decode(file, new ImageDecodeOptions { ClipSixteenBitGray = true }).Pixels;
        Assert.All(clipped, value => Assert.Equal(255, value));
        Assert.InRange(scaled.Average(value => (double)value), 100, 150); // the image is the cat's gray, around 119
        Assert.True(scaled.Distinct().Count() > 50);
    }

    [Fact]
    public void ATransparentColourShowsTurnsWhiteOrIsLaidOnWhite()
    {
        byte[] gif = File.ReadAllBytes(Golden.At("images", "palette-transparent.gif"));
        byte[] shown = ImageDecoder.Decode(gif, new ImageDecodeOptions { Alpha = AlphaPolicy.Drop }).Pixels;
        byte[] dropped = ImageDecoder.Decode(gif, ImageDecodeOptions.Converted).Pixels, laid = ImageDecoder.Decode(gif).Pixels;
        Assert.Equal(laid, dropped);
        int changed = 0;
        for (int i = 0; i < shown.Length; i += 3)
            if (!shown.AsSpan(i, 3).SequenceEqual(laid.AsSpan(i, 3)))
            {
                Assert.Equal((176, 151, 141), (shown[i], shown[i + 1], shown[i + 2])); // the colour that the reference names
                Assert.Equal((255, 255, 255), (laid[i], laid[i + 1], laid[i + 2]));
                changed++;
            }
        Assert.True(changed > 0);
    }

    public static TheoryData<SKEncodedOrigin, string, bool> Turned() =>
    [
        .. Enum.GetValues<SKEncodedOrigin>()
            .SelectMany(origin => ((string[])["JPEG", "PNG", "PNG late", "WEBP"]).SelectMany(place =>
                ((bool[])[true, false]).Select(little => (origin, place, little)))),
    ];

    [Theory, MemberData(nameof(Turned))]
    public void ATurnIsReadWhereverTheFormatKeepsIt(SKEncodedOrigin origin, string place, bool little)
    {
        using SKBitmap bitmap = new(24, 16, SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Erase(SKColors.White);
        bitmap.Erase(SKColors.DarkRed, new SKRectI(0, 0, 12, 8));
        bitmap.Erase(SKColors.Navy, new SKRectI(12, 8, 24, 16));
        using SKData encoded = bitmap.Encode(place switch
        {
            "JPEG" => SKEncodedImageFormat.Jpeg,
            "WEBP" => SKEncodedImageFormat.Webp,
            _ => SKEncodedImageFormat.Png
        }, 90);
        byte[] plain = encoded.ToArray(), turned = ExifFiles.WithOrientation(plain, place, (int)origin, little, (24, 16));
        RgbImage expected = ImageOrientation.Apply(ImageDecoder.Decode(plain), origin), upright = ImageDecoder.Decode(turned);
        Assert.Equal((expected.Width, expected.Height), (upright.Width, upright.Height));
        Assert.Equal(expected.Pixels, upright.Pixels);
        Assert.Equal(ImageDecoder.Decode(plain).Pixels, ImageDecoder.Decode(turned, ImageDecodeOptions.Opened).Pixels);
    }

    // 2 x 3 pixels a b / c d / e f, told apart by their first byte
    [Theory]
    [InlineData(SKEncodedOrigin.TopLeft, 2, "123456")]
    [InlineData(SKEncodedOrigin.TopRight, 2, "214365")]
    [InlineData(SKEncodedOrigin.BottomRight, 2, "654321")]
    [InlineData(SKEncodedOrigin.BottomLeft, 2, "563412")]
    [InlineData(SKEncodedOrigin.LeftTop, 3, "135246")]
    [InlineData(SKEncodedOrigin.RightTop, 3, "531642")]
    [InlineData(SKEncodedOrigin.RightBottom, 3, "642531")]
    [InlineData(SKEncodedOrigin.LeftBottom, 3, "246135")]
    public void EveryOrientationIsTurnedUpright(SKEncodedOrigin origin, int width, string pixels)
    {
        RgbImage upright = ImageOrientation.Apply(new RgbImage(2, 3, [1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0, 5, 0, 0, 6, 0, 0]), origin);
        Assert.Equal((width, 6 / width), (upright.Width, upright.Height));
        Assert.Equal(pixels, string.Concat(upright.Pixels.Where((_, i) => i % 3 == 0)));
    }
}
