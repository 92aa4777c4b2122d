using System.Globalization;

namespace SafeRlhfV.Data.Tests;

public sealed class NumberReadingTests
{
    [Theory]
    [InlineData("42", 42)]
    [InlineData("-3", -3)]
    [InlineData("\u22123.5", -3.5)]
    [InlineData("+7", 7)]
    [InlineData(".5", 0.5)]
    [InlineData("1,234,567.5", 1234567.5)]
    [InlineData("1{,}234", 1234)]
    [InlineData("12\u202F500", 12500)]
    [InlineData("1'000", 1000)]
    [InlineData("3/4", 0.75)]
    [InlineData("-3/4", -0.75)]
    [InlineData(@"\frac{3}{4}", 0.75)]
    [InlineData(@"-\dfrac{1}{8}", -0.125)]
    [InlineData("2 1/2", 2.5)]
    [InlineData("50%", 0.5)]
    [InlineData(@"12.5 \%", 0.125)]
    [InlineData("7 per cent", 0.07)]
    [InlineData("1e-3", 0.001)]
    [InlineData("6.02E23", 6.02e23)]
    [InlineData("1.5 \u00D7 10^3", 1500)]
    [InlineData(@"2 \times 10^{-2}", 0.02)]
    [InlineData("1.5 x 10^3", 1500)]
    [InlineData("10^6", 1e6)]
    [InlineData("$5.20", 5.2)]
    [InlineData("-$5", -5)]
    [InlineData("$-5", -5)]
    [InlineData("\u20AC 1,000", 1000)]
    [InlineData("5 cm", 5)]
    [InlineData("5cm", 5)]
    [InlineData("3 m/s", 3)]
    [InlineData("4 cm^2", 4)]
    [InlineData("9 m2", 9)]
    [InlineData(@"5\text{ cm}", 5)]
    [InlineData("90\u00B0", 90)]
    [InlineData(@"90^\circ", 90)]
    [InlineData("x = 5", 5)]
    [InlineData("3 + 4 = 7", 7)]
    [InlineData(@"\approx 3.14", 3.14)]
    [InlineData("**12**", 12)]
    [InlineData("about 12 birds.", 12)]
    [InlineData("12.", 12)]
    [InlineData("5 (five, that is 5)", 5)]
    public void NumbersAreRead(string text, double expected) => Assert.Equal(expected, NumberReading.Read(text)!.Value, 1e-12 * Math.Abs(expected));

    [Theory]
    [InlineData("")]
    [InlineData("three")]
    [InlineData("1,23")]
    [InlineData("1234,567")]
    [InlineData("1,234,56")]
    [InlineData("1.2.3")]
    [InlineData("0,123")]
    [InlineData("3 or 4")]
    [InlineData("3-4")]
    [InlineData("3\u20134")]
    [InlineData("10:30")]
    [InlineData("1/2/2024")]
    [InlineData("1/0")]
    [InlineData(@"\sqrt{2}")]
    [InlineData("\u221A2")]
    [InlineData(@"2\pi")]
    [InlineData("3x")]
    [InlineData("2^5")]
    [InlineData("3 \u00D7 4")]
    [InlineData("2*3")]
    [InlineData("2 ** 3")]
    [InlineData("1_000")]
    [InlineData("5 = x")]
    [InlineData("1e999")]
    [InlineData("v2")]
    [InlineData("1, 2, 3")]
    public void WhatIsMoreOrLessThanOneNumberIsNotGuessed(string text) => Assert.Null(NumberReading.Read(text));

    /// <summary>Any number is read back from each way to write it, with and without a unit.</summary>
    [Fact]
    public void WhatIsWrittenIsRead()
    {
        RandomStream random = new(1, "numbers");
        for (int i = 0; i < 2000; i++)
        {
            double number = Math.Round((random.NextDouble() - 0.5) * Math.Pow(10, random.NextInt(12)), random.NextInt(6));
            string[] forms = [Text(number, "0.######"), Text(number, "#,0.######"), Text(number, "0.################E+0"), $"{Text(number, "#,0.######")} km",
                $@"\text{{about }} {Text(number, "0.######")}", $"{Text(100 * (decimal)number, "0.########")}%"];
            foreach (string form in forms) Assert.True(
                NumberReading.Read(form) is { } read && Math.Abs(read - number) <= 1e-9 * Math.Max(1, Math.Abs(number)), $"{form}: {NumberReading.Read(form)}");
        }

        static string Text(IFormattable number, string format) => number.ToString(format, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void AnyTextCanBeAsked()
    {
        RandomStream random = new(2, "texts");
        const string Letters = @"0123456789.,-+/%^\{}$eE x=()*";
        for (int i = 0; i < 5000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.NextInt(20)).Select(_ => Letters[random.NextInt(Letters.Length)]));
            Assert.True(NumberReading.Read(text) is not { } number || double.IsFinite(number), text);
            FinalAnswer.Read(text);
        }
    }
}
