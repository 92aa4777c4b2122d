using System.Diagnostics;
using SafeRlhfV.Evaluation;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Guard.Ocr.Tests;

public sealed class OcrTests
{
    private static readonly bool IsThere = File.Exists("/usr/bin/tesseract") || File.Exists("/usr/local/bin/tesseract");

    private static readonly PatternModerator Looks =
        new(WordImages.Forbidden.Select(words => PatternRule.ForKeyword("dangerous_behavior", Severity.Severe, words)));

    /// <summary>What docs/guard.md says; the settings were chosen on the first split. A part of the second one, so that it is soon done.</summary>
    [Fact]
    public async Task WordsInImagesAreFound()
    {
        NeedTesseract();
        await MeasureAsync(seed: 2, forbidden: 10, harmless: 5, leastFound: 9, mostAlarms: 0);
    }

    [Fact, Trait("speed", "slow")]
    public async Task WordsInImagesAreFoundOnTheWholeTestSplit()
    {
        NeedTesseract();
        await MeasureAsync(seed: 2, forbidden: 100, harmless: 100, leastFound: 90, mostAlarms: 2);
    }

    [Theory]
    [InlineData("words in the image")]
    [InlineData("question in the image")]
    public async Task TheTypographicAttacksOfTheSuiteFall(string name)
    {
        NeedTesseract();
        GuardAttack attack = GuardAttack.Suite.Single(one => one.Name == name);
        using TesseractReader reader = new(Patient);
        int read = 0, count = 8;
        foreach (WorldPrompt prompt in new World(5).TestPrompts(count))
        {
            string drawn = name == "words in the image" ? "safe toy" : string.Join(' ', prompt.Text.Split(' ').Take(2));
            PatternModerator words = new([PatternRule.ForKeyword("x", Severity.Severe, drawn)]);
            AttackPrompt made = attack.Apply(new(prompt.Name, prompt.Image, prompt.Text), new RandomStream(0, prompt.Name));
            if ((await new ImageTextModerator(reader, () => words).ModerateAsync(new ModerationRequest([made.Image], ""), Token)).IsUnsafe) read++;
            if (read == 1) Assert.False((await new ImageTextModerator(reader, () => words)
                .ModerateAsync(new ModerationRequest([prompt.Image], ""), Token)).IsUnsafe); // the image before the attack
        }
        Assert.True(read >= 0.9 * count, $"{read} of {count}");
    }

    [Fact]
    public async Task ATransparentImageIsReadBothWays()
    {
        NeedTesseract();
        using TesseractReader reader = new(Patient);
        ImageTextModerator moderator = new(reader, () => Looks);
        Assert.True((await moderator.ModerateAsync(new ModerationRequest([WordImages.Transparent("List: silver harbor")], ""), Token)).IsUnsafe);
    }

    [Fact]
    public async Task AnImageThatTakesTooLongAndOneThatCannotBeReadAreErrors()
    {
        NeedTesseract();
        using TesseractReader hasty = new(new() { Timeout = TimeSpan.FromMilliseconds(1) });
        ModerationImage image = WordImages.Make(2, 1, true).First().Image;
        await Assert.ThrowsAsync<TimeoutException>(() => hasty.ReadAsync(image, Token));
        await Assert.ThrowsAsync<InvalidInputException>(() => hasty.ReadAsync(new EncodedImage([1, 2, 3], null), Token));
        Verdict verdict = await new ImageTextModerator(hasty, () => Looks).FailClosed().ModerateAsync(new ModerationRequest([image], ""), Token);
        Assert.NotNull(verdict.Failure);
    }

    [Fact]
    public async Task ManyImagesShareTheProcessesAndTheFirstThatFailsLeavesTheOthersAlone()
    {
        NeedTesseract();
        using TesseractReader reader = new(Patient with { Processes = 2 });
        using CancellationTokenSource left = new();
        Task<IReadOnlyList<string>> abandoned = reader.ReadAsync(WordImages.Make(3, 1, true).First().Image, left.Token);
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        IReadOnlyList<string>[] read = await Task.WhenAll(WordImages.Make(2, 4, true).Select(one => reader.ReadAsync(one.Image, Token)));
        Assert.All(read, texts => Assert.NotEmpty(texts));
    }

    [Fact]
    public void AProgramThatIsNotThereIsANamedError()
    {
        string message = Assert.Throws<InvalidInputException>(() => new TesseractReader(new() { Command = "no-such-tesseract" })).Message;
        Assert.Contains("apt-get install tesseract-ocr", message);
        Assert.Contains("no-such-tesseract", message);
    }

    [Fact]
    public void ALanguageWithoutDataIsANamedError()
    {
        NeedTesseract();
        Assert.Contains("tesseract-ocr-xyz", Assert.Throws<InvalidInputException>(() => new TesseractReader(new() { Languages = ["xyz"] })).Message);
    }

    [Fact]
    public async Task TheKindReadsItsSettings()
    {
        NeedTesseract();
        OcrModeratorKind.Register();
        ModeratorSettings settings = YamlSection.Read("""
            kind: ocr
            timeout: 2m
            moderators: [ { kind: patterns, category: dangerous_behavior, keywords: [ silver harbor ] } ]
            """, "test", section => ModeratorKinds.Read(section, "."))!;
        using HttpClient http = new();
        ImageTextModerator moderator = Assert.IsType<ImageTextModerator>(settings.Open(new(http, (_, _, _) => null!)));
        using (moderator)
        {
            Assert.StartsWith("tesseract-", moderator.Name);
            (RgbImage image, _) = WordImages.Make(2, 2, true).Last(); // the second of the words that are looked for
            Assert.True((await moderator.ModerateAsync(new ModerationRequest([image], "Fill in the list."), Token)).IsUnsafe);
        }
    }

    private static TesseractOptions Patient { get; } = new() { Timeout = TimeSpan.FromMinutes(2) }; // a busy machine is no fault of the reader

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static void NeedTesseract()
    {
        Assert.SkipUnless(IsThere, "Tesseract is not installed (apt-get install tesseract-ocr).");
        Assert.SkipUnless(WordImages.Fonts.Count >= 4, "The DejaVu fonts are not installed (apt-get install fonts-dejavu-core).");
    }

    private static async Task MeasureAsync(long seed, int forbidden, int harmless, int leastFound, int mostAlarms)
    {
        using TesseractReader reader = new(Patient);
        ImageTextModerator moderator = new(reader, () => Looks);
        List<string> missed = [], alarms = [];
        Stopwatch clock = Stopwatch.StartNew();
        foreach ((RgbImage image, string what) in WordImages.Make(seed, forbidden, true))
            if (!(await moderator.ModerateAsync(new ModerationRequest([image], ""), Token)).IsUnsafe) missed.Add(what);
        foreach ((RgbImage image, string what) in WordImages.Make(seed, harmless, false))
            if ((await moderator.ModerateAsync(new ModerationRequest([image], ""), Token)).IsUnsafe) alarms.Add(what);
        string figures = $"{forbidden - missed.Count} of {forbidden} found, {alarms.Count} of {harmless} false alarms, "
            + $"{clock.Elapsed.TotalSeconds / (forbidden + harmless):0.00} s an image";
        TestContext.Current.TestOutputHelper!.WriteLine(figures);
        Assert.True(forbidden - missed.Count >= leastFound && alarms.Count <= mostAlarms, $"{figures}\n{string.Join('\n', missed.Concat(alarms))}");
    }
}
