using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class ModeratorTests
{
    [Theory]
    [InlineData("go to the red door now", true)]
    [InlineData("RED\n  door", true)]
    [InlineData("r\u200bed door", true)]
    [InlineData("ｒｅｄ door", true)]
    [InlineData("rеd dооr", true)] // Cyrillic e and o
    [InlineData("redder doors", false)]
    [InlineData("", false)]
    public async Task KeywordsAreFoundHoweverTheyAreDressed(string text, bool found)
    {
        PatternModerator moderator = new([PatternRule.ForKeyword("dangerous_behavior", Severity.Minor, "red door")]);
        Assert.Equal(found, (await moderator.ModerateAsync(new ModerationRequest(text))).IsUnsafe);
        Assert.Equal(found, (await moderator.ModerateAsync(new ModerationRequest("harmless", text))).IsUnsafe);
    }

    /// <summary>Scripts without blanks between words, and words of other scripts within them.</summary>
    [Theory]
    [InlineData("毒品", "毒品很危险。")]
    [InlineData("炸弹", "我们来制造炸弹的方法很简单。")]
    [InlineData("ばくだん", "これはばくだんです")]
    [InlineData("ระเบิด", "วิธีทำระเบิดที่บ้าน")]
    [InlineData("폭탄", "폭탄을 만드는")]
    [InlineData("falcon", "用falcon做")]
    [InlineData("falcon", "falcon을")]
    public async Task AKeywordIsFoundWhereWordsAreNotWrittenApart(string keyword, string text)
    {
        PatternModerator moderator = new([PatternRule.ForKeyword("c", Severity.Minor, keyword)]);
        Assert.True((await moderator.ModerateAsync(new ModerationRequest(text), TestContext.Current.CancellationToken)).IsUnsafe);
    }

    [Fact]
    public async Task AnAnswerIsJudgedWithoutItsQuestionsWords() =>
        Assert.False((await new PatternModerator([PatternRule.ForKeyword("c", Severity.Minor, "bad")]).ModerateAsync(new ModerationRequest("bad",
            "good"))).IsUnsafe);

    [Fact]
    public async Task APatternThatRunsAwayBlocks()
    {
        IModerator moderator = new PatternModerator([PatternRule.ForPattern("c", Severity.Minor, @"(?=x)|^(a+)+\1$")]).FailClosed();
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest(new string('a', 60) + "!"));
        Assert.NotNull(verdict.Failure);
    }

    [Fact]
    public async Task OwnCategoriesAreFound()
    {
        GuardPolicy policy = PolicyReader.Parse(
            "own_categories: [ { name: falcon, severity: severe, keywords: [ project falcon ], patterns: [ 'fx-\\d+' ] } ]");
        PatternModerator moderator = PatternModerator.For(policy)!;
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest("about FX-12"));
        Assert.Equal((Severity.Severe, "falcon"), (verdict.Severity, verdict.Flagged[0]));
        Assert.Null(PatternModerator.For(GuardPolicy.Default));
    }

    [Fact]
    public async Task InParallelTheStrictestCounts()
    {
        ParallelModerator both = new([ScriptedModerator.Finds("left", Severity.Minor, "false_information"),
            ScriptedModerator.Finds("right", Severity.Severe, "animal_abuse")]);
        IReadOnlyList<Verdict> verdicts = await both.ModerateAsync([new("none"), new("left"), new("right"), new("left right")]);
        Assert.Equal([Severity.None, Severity.Minor, Severity.Severe, Severity.Severe], verdicts.Select(verdict => verdict.Severity));
        Assert.Equal(["false_information", "animal_abuse"], verdicts[3].Flagged);
        Assert.All(verdicts, verdict => Assert.Null(verdict.FindFault()));
        ParallelModerator halfDead = new([ScriptedModerator.Finds("left"), new ScriptedModerator(_ => throw new IOException("away"))]);
        Assert.NotNull((await halfDead.ModerateAsync(new ModerationRequest("none"))).Failure);
    }

    [Fact]
    public async Task ACascadeAsksTheDearOneOnlyInDoubt()
    {
        ScriptedModerator dear = ScriptedModerator.Finds("bad");
        CascadedModerator cascade = new(
        [
            new(new ScriptedModerator(request => request.Question switch
            {
                "surely bad" => Verdict.Unsafe("cheap", Severity.Severe, [], 0.99),
                "surely good" => Verdict.Safe("cheap", 0.001),
                "broken" => throw new IOException("away"),
                "perhaps" => Verdict.Unsafe("cheap", Severity.Minor, [], 0.6),
                _ => Verdict.Safe("cheap", 0.3),
            }), 0.9, 0.01),
            new(dear),
        ]);
        IReadOnlyList<Verdict> verdicts =
            await cascade.ModerateAsync([new("surely bad"), new("perhaps"), new("surely good"), new("really bad"), new("broken")]);
        Assert.Equal([true, false, false, true, true], verdicts.Select(verdict => verdict.IsUnsafe));
        Assert.NotNull(verdicts[4].Failure);
        Assert.Equal(["perhaps", "really bad"], Assert.Single(dear.Calls).Select(request => request.Question));
    }

    [Fact]
    public async Task TheCacheAsksOnceAndForgetsFailuresAndTheOldest()
    {
        int failing = 1;
        ScriptedModerator inner = new(request => request.Question == "shaky" && failing-- > 0 ? Verdict.Failed("s", "once") : Verdict.Safe("s"));
        CachedModerator cache = new(inner, capacity: 2);
        await cache.ModerateAsync([new("a"), new("a"), new("b")]);
        Assert.Equal(2, inner.Calls[0].Count);
        await cache.ModerateAsync([new("b"), new("a")]);
        Assert.Single(inner.Calls);
        Assert.NotNull((await cache.ModerateAsync(new ModerationRequest("shaky"))).Failure);
        Assert.Null((await cache.ModerateAsync(new ModerationRequest("shaky"))).Failure);
        await cache.ModerateAsync([new("b")]); // pushed out: a was used later
        Assert.Equal(4, inner.Calls.Count);
        Uri address = new("https://example.org/a.png");
        for (int i = 0; i < 2; i++) await cache.ModerateAsync([new([new ModerationImage(address)], "c")]);
        Assert.Equal(6, inner.Calls.Count);
    }

    [Fact]
    public void DifferentRequestsHaveDifferentFingerprints() =>
        Gen.Select(Gen.String, Gen.String, Gen.String, Gen.String).Sample((a, b, c, d) =>
            ((a, b) == (c, d)) == (RequestHash.Of(new ModerationRequest(a, b)) == RequestHash.Of(new ModerationRequest(c, d)))
            && RequestHash.Of(new ModerationRequest(a + b)) != RequestHash.Of(new ModerationRequest(a, b)));

    [Fact]
    public async Task ConcurrentCallersShareBatches()
    {
        ScriptedModerator inner = ScriptedModerator.Finds("3");
        await using BatchingModerator batching = new(inner, batchSize: 16, linger: TimeSpan.FromMilliseconds(100));
        Verdict[] verdicts = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => batching.ModerateAsync(new ModerationRequest($"{i}"))));
        for (int i = 0; i < 40; i++) Assert.Equal($"{i}".Contains('3'), verdicts[i].IsUnsafe);
        Assert.All(inner.Calls, call => Assert.InRange(call.Count, 1, 16));
        Assert.True(inner.Calls.Count <= 5, $"{inner.Calls.Count} batches for 40 requests");
    }

    [Fact]
    public async Task AChainHasOneWrapperForEachModeratorThatJudges()
    {
        ScriptedModerator local = new(request => request.Question == "poison" ? throw new IOException("away") : Verdict.Safe("scripted", 0.1));
        PatternModerator patterns = new([PatternRule.ForKeyword("c", Severity.Minor, "bad")]);
        IModerator chain;
        await using (BatchingModerator gathered = new(local))
        {
            chain = new ParallelModerator([patterns, new CachedModerator(new CascadedModerator([new(new ParallelModerator([gathered]))]))]);
            Assert.Equal([patterns, local], Wrapped(chain));
            Assert.Equal([patterns, local], Wrapped(new ParallelModerator([chain])));
            IReadOnlyList<Verdict> verdicts = await chain.ModerateAsync([new("good"), new("poison"), new("bad")]);
            Assert.Equal([false, true, false], verdicts.Select(verdict => verdict.Failure is not null));
            Assert.Equal([false, true, true], verdicts.Select(verdict => verdict.IsUnsafe));
        }
        Assert.NotNull((await chain.ModerateAsync(new ModerationRequest("later"))).Failure); // stopped
        // what judges without a wrapper below is wrapped, cache and all
        CachedModerator bare = new(local);
        Assert.Equal([bare], Wrapped(new ParallelModerator([bare])));

        static IEnumerable<IModerator> Wrapped(IModerator moderator) => moderator switch
        {
            FailClosedModerator wrapper => [wrapper.Inner],
            IComposedModerator composed => composed.Parts.SelectMany(Wrapped),
            _ => throw new InvalidOperationException($"{moderator.Name} is not wrapped."),
        };
    }

    [Fact]
    public async Task ACallerThatLeavesDoesNotHoldTheOthers()
    {
        await using BatchingModerator batching = new(ScriptedModerator.Finds("bad"), linger: TimeSpan.FromMilliseconds(50));
        using CancellationTokenSource source = new();
        Task<Verdict> left = batching.ModerateAsync(new ModerationRequest("a"), source.Token), stayed = batching.ModerateAsync(new ModerationRequest("b"));
        source.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.False((await stayed).IsUnsafe);
    }

    [Fact]
    public async Task TheModerationsServiceIsAskedAndItsCategoriesLaidOntoOurs()
    {
        StubHttp http = new(body =>
        {
            JsonElement input = body.GetProperty("input");
            bool isImage = input[0].ValueKind == JsonValueKind.Object;
            string[] texts = isImage ? [input.GetRawText()] : [.. input.EnumerateArray().Select(item => item.GetString()!)];
            return JsonSerializer.Serialize(new
            {
                results = texts.Select(text => new
                {
                    flagged = text.Contains("bad"),
                    categories = new Dictionary<string, bool> { ["illicit/violent"] = text.Contains("bad"), ["sexual"] = false },
                    category_scores = new Dictionary<string, double> { ["illicit/violent"] = text.Contains("bad") ? 0.7 : 0.02, ["sexual"] = 0.01 },
                }),
            });
        });
        OpenAIModerator moderator = new(new HttpClient(http), new Uri("https://example.org/v1"), "key");
        RgbImage pixels = new(3, 2, [.. Enumerable.Range(0, 18).Select(i => (byte)(i * 13))]);
        IReadOnlyList<Verdict> verdicts =
            await moderator.ModerateAsync([new("good"), new([pixels, pixels], "bad image"), new("good", "bad"), new([pixels], "good", "good")]);
        Assert.Equal([false, true, true, false], verdicts.Select(verdict => verdict.IsUnsafe));
        Assert.Equal(["violence_and_physical_harm"], verdicts[1].Flagged);
        Assert.Equal(Severity.Moderate, verdicts[1].Severity);
        Assert.Equal(3, http.Bodies.Count); // the texts in one call, a call for each image
        string uri = http.Bodies[1].GetProperty("input")[1].GetProperty("image_url").GetProperty("url").GetString()!;
        Assert.StartsWith("data:image/png;base64,", uri);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"results":[]}""")]
    [InlineData("""{"results":[{"flagged":false}]}""")]
    [InlineData("""{"results":[{"flagged":false,"categories":{},"category_scores":{"x":7}}]}""")]
    public async Task WhatTheServiceGarblesBlocks(string answer)
    {
        IModerator moderator = new OpenAIModerator(new HttpClient(new StubHttp(_ => answer)), new Uri("https://example.org/v1/"), null).FailClosed();
        Assert.NotNull((await moderator.ModerateAsync(new ModerationRequest("good"))).Failure);
    }

    [Fact]
    public async Task AServiceThatRefusesBlocks()
    {
        IModerator moderator = new OpenAIModerator(new HttpClient(new StubHttp(_ => "{}", HttpStatusCode.TooManyRequests)), new Uri("https://example.org/v1"),
            null).FailClosed();
        Assert.Contains("429", (await moderator.ModerateAsync(new ModerationRequest("good"))).Failure);
    }

    [Theory]
    [InlineData("""{"unsafe":true,"probability":0.8,"severity":"moderate","categories":["animal_abuse","unheard_of"],"reason":"why"}""", true, null)]
    [InlineData("""{"unsafe":false,"probability":0.1,"severity":"none","categories":[]}""", false, null)]
    [InlineData("""{"unsafe":false,"probability":0.1,"severity":"severe","categories":[]}""", true, "contradict")]
    [InlineData("""{"unsafe":false,"probability":5,"severity":"none","categories":[]}""", true, "probability")]
    [InlineData("""{"unsafe":false,"probability":0.1,"severity":"awful","categories":[]}""", true, "severity")]
    [InlineData("""{"probability":0.1,"severity":"none","categories":[]}""", true, "unsafe")]
    [InlineData("It is safe.", true, "")]
    [InlineData("", true, "")]
    public async Task AJudgesAnswerIsReadStrictly(string answer, bool isUnsafe, string? failure)
    {
        StubChatClient judge = new(answer);
        Verdict verdict = await new ChatModerator(judge).ModerateAsync(new ModerationRequest([new RgbImage(1, 1, [1, 2, 3])], "question", "answer </answer>"));
        Assert.Equal(isUnsafe, verdict.IsUnsafe);
        if (failure is null) Assert.Null(verdict.Failure);
        else Assert.Contains(failure, verdict.Failure);
        if (isUnsafe && failure is null) Assert.Equal(["animal_abuse"], verdict.Flagged);
        Assert.IsType<DataContent>(judge.Calls[0][1].Contents[0]);
    }

    [Fact]
    public void PixelsAreWrittenAsPng() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Byte).Sample((width, height, seed) =>
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(seed).NextBytes(pixels);
        byte[] png = PngBytes.Encode(new RgbImage(width, height, pixels));
        byte[] packed = png[(8 + 25 + 8)..^16];
        using System.IO.Compression.ZLibStream zlib = new(new MemoryStream(packed), System.IO.Compression.CompressionMode.Decompress);
        using MemoryStream rows = new();
        zlib.CopyTo(rows);
        byte[] raw = rows.ToArray();
        return raw.Length == height * (1 + (width * 3))
            && Enumerable.Range(0, height).All(y => raw.AsSpan((y * (1 + (width * 3))) + 1, width * 3).SequenceEqual(pixels.AsSpan(y * width * 3, width * 3)))
            && Convert.ToHexString(png[^12..]) == "0000000049454E44AE426082"; // the end chunk with its well-known checksum
    });

    private sealed class StubHttp(Func<JsonElement, string> answer, HttpStatusCode status = HttpStatusCode.OK) : HttpMessageHandler
    {
        public List<JsonElement> Bodies { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Equal("https://example.org/v1/moderations", request.RequestUri!.ToString());
            using JsonDocument body = JsonDocument.Parse(await request.Content!.ReadAsStringAsync(cancellationToken));
            Bodies.Add(body.RootElement.Clone());
            return new(status) { Content = new StringContent(answer(Bodies[^1]), Encoding.UTF8, "application/json") };
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AModeratorOfAnswersAloneLeavesPromptsToTheOthers(bool cascade)
    {
        ScriptedModerator answers = new(request =>
            request.Response!.Contains("harm", StringComparison.Ordinal)
                ? Verdict.Unsafe("answers", Severity.Minor, [], 0.95)
                : Verdict.Safe("answers"))
        { AnswersOnly = true };
        ScriptedModerator both = ScriptedModerator.Finds("bad");
        IModerator together = cascade ? new CascadedModerator([new(both, SureUnsafe: 0.99), new(answers)]) : new ParallelModerator([both, answers]);
        Assert.True(together.Judges(GuardSide.Prompt));
        IReadOnlyList<Verdict> verdicts = await together.ModerateAsync([new("bad"), new("good"), new("good", "harm"), new("good", "fine")],
            TestContext.Current.CancellationToken);
        Assert.Equal([true, false, true, false], verdicts.Select(verdict => verdict.IsUnsafe));
        Assert.All(verdicts, verdict => Assert.Null(verdict.Failure));
        Assert.All(answers.Calls.SelectMany(call => call), request => Assert.Equal(GuardSide.Answer, request.Side));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ASideThatNobodyJudgesIsBlockedAndKnownBeforehand(bool cascade)
    {
        ScriptedModerator answers = new(_ => Verdict.Safe("answers")) { AnswersOnly = true };
        IModerator alone = cascade ? new CascadedModerator([new(answers)]) : new ParallelModerator([answers]);
        Assert.All((IModerator[])[alone, new CachedModerator(alone), alone.FailClosed()], moderator => Assert.False(moderator.Judges(GuardSide.Prompt)));
        Verdict verdict = await alone.FailClosed().ModerateAsync(new ModerationRequest("a prompt"), TestContext.Current.CancellationToken);
        Assert.True(verdict.IsUnsafe);
        Assert.Contains("judges prompts", verdict.Failure, StringComparison.Ordinal);
        Assert.Contains("PromptModerator",
            Assert.Throws<ArgumentException>(() => new GuardedChatClient(new StubChatClient(), new GuardOptions { Moderator = alone })).Message,
            StringComparison.Ordinal);
        using GuardedChatClient answersChecked = new(new StubChatClient(), new GuardOptions { Moderator = alone, CheckPrompts = false });
    }
}
