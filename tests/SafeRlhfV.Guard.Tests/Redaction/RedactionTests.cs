using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class RedactionTests
{
    private const string Pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIObXo2fT0example0bXo2fT0\nexample+/==\n-----END EC PRIVATE KEY-----";
    private static readonly GuardPolicy Redacting = GuardPolicy.Default with { Rules = GuardPolicy.Default.Rules with { Redaction = RedactionRules.Standard } };
    private static readonly string[] Secrets = ["bob@example.org", "+49 30 1234567", "4111 1111 1111 1111", Pem, "[EMAIL_1]", "a\"b@example.org"];
    private static readonly string[] Between = [" ", ". ", " [", " ] [EM ", " [EMAIL_ ", " [[", "!\n"];

    public static TheoryData<string, string> Found => new()
    {
        { "email", "bob.o'neil+x@mail.example.co.uk" },
        { "email", "jürgen@bücher.example" },
        { "phone", "+1 (555) 010-9999" },
        { "phone", "0049 30 1234567" },
        { "phone", "030/1234567" },
        { "phone", "(555) 010-9999" },
        { "card", "4111 1111 1111 1111" },
        { "card", "5555-5555-5555-4444" },
        { "card", "378282246310005" },
        { "iban", "GB29 NWBK 6016 1331 9268 19" },
        { "iban", "gb82west12345698765432" },
        { "gateway_key", "srv-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
        { "cloud_key", "AKIAIOSFODNN7EXAMPLE" },
        { "cloud_key", "AIzaSyA-0123456789abcdefghijklmnopqrstu" },
        { "api_key", "sk-proj-abcdefghijklmnop0123" },
        { "api_key", "ghp_0123456789abcdefghijABCDEFGHIJ012345" },
        { "api_key", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJl" },
        { "private_key", Pem },
        { "private_key", Pem[..70] },
    };

    [Theory, MemberData(nameof(Found))]
    public void EachKindIsReplacedWhereverItStands(string kind, string data)
    {
        foreach ((string before, string after) in ((string, string)[])
            [("", ""), ("It is ", ", I think."), ("(", ")"), ("x: \"", "\""), ("12/27 ", " on 12/27")])
        {
            if (data.Length == 70 && after.Length > 0) continue; // what was cut has no end
            Placeholders placeholders = new(RedactionRules.Standard);
            Assert.Equal($"{before}[{kind.ToUpperInvariant()}_1]{after}", placeholders.Redact(before + data + after));
            Assert.Equal(before + data + after, placeholders.Restore($"{before}[{kind.ToUpperInvariant()}_1]{after}"));
            Assert.Equal([new(kind, 1)], placeholders.Counts);
        }
    }

    /// <summary>What is replaced does not cut a phrase out of the sight of the moderators.</summary>
    [Theory, MemberData(nameof(DisguiseTests.Hidden), MemberType = typeof(DisguiseTests))]
    public void ADisguisedPhraseIsFoundInWhatIsRedacted(string kind, string hidden)
    {
        string redacted = new Placeholders(RedactionRules.Standard).Redact($"One. {hidden} Two.");
        bool isFound = TextReadings.Of(redacted).Any(reading => DisguiseTests.Rules.Any(rule => rule.Pattern.IsMatch(reading)));
        Assert.True(isFound, $"{kind}: {redacted}");
    }

    /// <summary>Numbers for characters are no telephone or card numbers, and those beside them are replaced all the same.</summary>
    [Theory, InlineData(2, 8), InlineData(2, 7), InlineData(8, 3), InlineData(10, 3)]
    public void NumbersForCharactersStay(int @base, int width)
    {
        foreach (string phrase in (string[])["project falcon", "saw the ladder", "the name is project falcon as we said"])
            foreach (string between in (string[])[" ", ", ", " / "])
            {
                IEnumerable<string> numbers = phrase.Select(letter => @base == 10 ? $"{(int)letter}" : Convert.ToString(letter, @base));
                string code = string.Join(between, numbers.Select(number => number.PadLeft(width, '0')));
                Assert.Equal($"It is {code}.", new Placeholders(RedactionRules.Standard).Redact($"It is {code}."));
                string both = new Placeholders(RedactionRules.Standard).Redact($"It is {code}, so call 030 1234567 and 4111 1111 1111 1111.");
                Assert.DoesNotContain("1234567", both);
                Assert.DoesNotContain("4111 1111 1111 1111", both);
            }
    }

    [Theory]
    [InlineData("email", "b\u200bob@exam\u200bple.o\u2060rg")]
    [InlineData("email", "bob\u00ad@example.org")]
    [InlineData("email", "ｂｏｂ＠ｅｘａｍｐｌｅ．ｏｒｇ")]
    [InlineData("email", "bob＠example。org")]
    [InlineData("email", "\U0001D41Bob@example.org")] // a mathematical b
    [InlineData("card", "4111\u200b1111\u200b1111\u200b1111")]
    [InlineData("card", "４１１１ １１１１ １１１１ １１１１")]
    [InlineData("phone", "＋49 30 1234567")]
    [InlineData("api_key", "sk-proj-abcdef\u200bghijklmnop0123")]
    [InlineData("iban", "GB29 NWBK\u2060 6016 1331 9268 19")]
    public void DataInADisguiseIsReplacedAndPutBackAsItWas(string kind, string data)
    {
        Placeholders placeholders = new(RedactionRules.Standard);
        string redacted = placeholders.Redact($"It is ü {data}, I think.");
        Assert.Equal($"It is ü [{kind.ToUpperInvariant()}_1], I think.", redacted);
        Assert.Equal($"It is ü {data}, I think.", placeholders.Restore(redacted));
    }

    // Every place of a content that can hold a text: no data leaves, and every placeholder is put back.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NothingBesideTheTextsLeavesOrStaysReplaced(bool isStream)
    {
        const string Data = "bob@example.org";
        ChatMessage[] asked = [With(ChatRole.User, new TextContent("hello")), .. Contents().Select(content => With(ChatRole.Assistant, content)),
            With(ChatRole.User, new TextContent("go on"))];
        string before = Written(asked);
        IReadOnlyList<ChatMessage>? seen = null;
        ChatOptions? sent = null;
        StubChatClient model = new((_, messages) =>
        {
            seen = messages;
            return StubChatClient.Answer([.. messages.SelectMany(message => message.Contents)]);
        });
        GuardPolicy policy = Redacting;
        GuardedChatClient client = new Watched(model, options => sent = options).AsGuarded(new ScriptedModerator(_ => Verdict.Safe("scripted")),
            options => (options.Policy, options.PassUncheckedContents) = (() => policy, true));
        ChatOptions chat = new() { Instructions = $"for {Data}", AdditionalProperties = new() { ["who"] = Data } };
        List<AIContent> back = [];
        if (isStream)
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(asked, chat, TestContext.Current.CancellationToken))
                back.AddRange(update.Contents);
        else
            back.AddRange((await client.GetResponseAsync(asked, chat, TestContext.Current.CancellationToken)).Messages
                .SelectMany(message => message.Contents));
        Assert.DoesNotContain("example.org", Written(seen!));
        Assert.DoesNotContain("example.org", $"{sent!.Instructions} {sent.AdditionalProperties!["who"]}");
        Assert.Equal(before, Written(asked)); // the caller's own objects stay as they are
        string answer = Written([new ChatMessage(ChatRole.Assistant, back)]);
        Assert.DoesNotContain("[EMAIL_", answer);
        int parts = Written([new ChatMessage(ChatRole.Assistant, [.. Contents()])]).Split(Data).Length;
        Assert.Equal(parts + 1, answer.Split(Data).Length); // what was split over two parts came back in the first

        static ChatMessage With(ChatRole role, AIContent content) =>
            new(role, [content]) { AuthorName = Data, AdditionalProperties = new() { ["note"] = $"by {Data}" } };

        static AIContent[] Contents() =>
        [
            new ErrorContent("failed") { Details = $"while mailing {Data}" },
            new ErrorContent(Data) { Details = Data },
            Noted(new TextContent("said")),
            Noted(new TextReasoningContent("thought")),
            Noted(new FunctionCallContent("1", "find", new Dictionary<string, object?> { ["who"] = Data })),
            Noted(new FunctionResultContent("1", new { mail = Data })),
            new FunctionResultContent("1", new List<AIContent> { new TextContent("bob@exam"), new TextContent("ple.org"), Noted(new TextContent("x")) }),
            Noted(new DataContent(System.Text.Encoding.UTF8.GetBytes(Data), "text/plain")),
            new DataContent(new byte[] { 1 }, "image/png") { Name = $"{Data}.png" },
            Noted(new UriContent("https://example.net/a.png", "image/png")),
        ];

        static AIContent Noted(AIContent content)
        {
            content.Annotations =
            [
                new CitationAnnotation { Title = Data, Snippet = Data, Url = new("https://example.net/?q=1") },
                new AIAnnotation { AdditionalProperties = new() { ["a"] = Data } },
            ];
            content.AdditionalProperties = new()
            {
                ["text"] = Data,
                ["json"] = JsonSerializer.SerializeToElement(new { mail = Data }),
                ["list"] = new[] { Data },
                ["number"] = 7,
            };
            return content;
        }

        static string Written(IReadOnlyList<ChatMessage> messages) => string.Join('\n', messages.Select(message =>
            $"{message.AuthorName} {JsonSerializer.Serialize(message.AdditionalProperties, AIJsonUtilities.DefaultOptions)} "
            + string.Join('\n', message.Contents.Select(Text)))).Replace("\\u0040", "@", StringComparison.Ordinal);

        static string Text(AIContent content) => JsonSerializer.Serialize(content, AIJsonUtilities.DefaultOptions)
            + (content is DataContent data ? System.Text.Encoding.UTF8.GetString(data.Data.Span) : "");
    }

    private sealed class Watched(IChatClient inner, Action<ChatOptions?> see) : DelegatingChatClient(inner)
    {
        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            see(options);
            return base.GetResponseAsync(messages, options, cancellationToken);
        }

        // Each content whole, with all that stands on it.
        public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages,
            ChatOptions? options = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (AIContent content in (await GetResponseAsync(messages, options, cancellationToken)).Messages[0].Contents)
                yield return new(ChatRole.Assistant, [content]);
        }
    }

    [Theory]
    [InlineData("Version 1.2.3.4 of 2024-01-15, 10:30, costs 1,234.56 or 100 000.")]
    [InlineData("4111 1111 1111 1112")] // a wrong check digit
    [InlineData("GB29 NWBK 6016 1331 9268 18")]
    [InlineData("1234567890123456")] // no issuer
    [InlineData("sk-short, a skate-park, AKIA, user at example.org, @someone, [1], [EMAIL]")]
    [InlineData("{\"created\": 1700000000, \"id\": \"call_0a1b2c3d\"}")]
    public void OtherTextStays(string text)
    {
        Placeholders placeholders = new(RedactionRules.Standard);
        Assert.Equal(text, placeholders.Redact(text));
        Assert.True(placeholders.IsEmpty);
    }

    [Fact]
    public void TheSameDataHasTheSamePlaceholderAndWhatLooksLikeOneIsReplacedToo()
    {
        Placeholders placeholders = new(RedactionRules.Standard);
        string redacted = placeholders.Redact("a@x.org, b@x.org, a@x.org, [EMAIL_1]");
        Assert.Equal("[EMAIL_1], [EMAIL_2], [EMAIL_1], [AS-SENT_1]", redacted);
        Assert.Equal("a@x.org, b@x.org, a@x.org, [EMAIL_1]", placeholders.Restore(redacted));
        Assert.Equal("[EMAIL_9]", placeholders.Restore("[EMAIL_9]"));
    }

    [Fact]
    public void NothingIsLeftOfDataThatOverlapsOrIsSplitOverTexts()
    {
        Placeholders placeholders = new(new([SensitiveKind.OfPattern("staff", @"E-\d+"), .. SensitiveKind.All]));
        Assert.Equal("[STAFF_1]", placeholders.Redact("E-12345@example.org"));
        Assert.Equal(["write to [EMAIL_1]", " or [EMAIL_2]"], placeholders.Redact(["write to bob@exam", "ple.org or c@x.org"]));
        Assert.Equal(["[EMAIL_1]", "", "!"], placeholders.Redact(["bob@", "example", ".org!"]));
        Assert.Equal(["[CLOUD_KEY_1]", "X"], placeholders.Redact(["AKIAIOSFODNN7EXAMPLE", "X"]));
    }

    [Theory, MemberData(nameof(GuardedStreamTests.Releases), MemberType = typeof(GuardedStreamTests))]
    public Task EveryPlaceholderIsRestoredHoweverTheStreamIsCut(string name, StreamRelease release) => Gen.Select(
        Gen.Int[0, Secrets.Length - 1].Array[1, 8], Gen.Int[0, Between.Length - 1].Select(i => Between[i]).Array[9], Gen.Int[1, 9].Array[1, 40],
        Gen.Int[0, 8]).SampleAsync(async (secrets, between, cuts, asReasoning) =>
    {
        string text = string.Concat(secrets.Select((secret, i) => between[i] + Secrets[secret])) + between[^1];
        string seen = "";
        StubChatClient model = new((_, messages) =>
        {
            seen = messages[^1].Text;
            return StubChatClient.Answer(new TextReasoningContent(seen[..Math.Min(seen.Length, asReasoning * 5)]), new TextContent(seen));
        }, whole => Cut(whole, cuts));
        ScriptedModerator moderator = new(_ => Verdict.Safe("scripted"));
        RecordingObserver observer = new();
        GuardedChatClient client = model.AsGuarded(moderator, options =>
            (options.Policy, options.Release, options.Observer) = (() => Redacting, release, observer));
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(text)) updates.Add(update);
        Assert.True(text == string.Concat(updates.Select(update => update.Text)), name);
        Assert.NotNull(updates[^1].GetGuardReport());
        Assert.All(Secrets.Take(4), secret => Assert.DoesNotContain(secret, seen));
        Assert.All(moderator.Calls.SelectMany(call => call), request => Assert.DoesNotContain("@example.org", request.Question + request.Response));
        Assert.DoesNotContain("@example.org", JsonSerializer.Serialize(observer.Ends.Single().Prompt) + observer.Ends.Single().Rounds[^1].Answer);
    }, iter: 60);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TheModelNeverSeesDataInAnyChannelAndItsCallsGetItBack(bool isStream)
    {
        ChatMessage[] asked =
        [
            new(ChatRole.System, "The owner is owner@x.org."),
            new(ChatRole.User, [new TextContent("I am bob@x"), new TextContent(".org"), new DataContent("data:text/plain;base64,YUB4Lm9yZw==")]),
            new(ChatRole.Assistant,
                [new FunctionCallContent("1", "find", new Dictionary<string, object?> { ["who"] = "bob@x.org", ["card"] = 4111111111111111 })]),
            new(ChatRole.Tool, [new FunctionResultContent("1", new { mail = "tool@x.org" })]),
            new(ChatRole.Tool, [new FunctionResultContent("2", """{"mail":"tool\u0040x.org"}""")]),
            new(ChatRole.User, "Send it."),
        ];
        string before = JsonSerializer.Serialize(asked, AIJsonUtilities.DefaultOptions);
        ChatOptions? seen = null;
        RecordingObserver observer = new();
        StubChatClient model = new((_, _) => StubChatClient.Answer(
            new TextContent("I write to [EMAIL_2]."), new FunctionCallContent("3", "send", new Dictionary<string, object?> { ["to"] = "[EMAIL_2]" })));
        GuardedChatClient client = new ChatClientBuilder(model).Use((messages, options, next, token) =>
        {
            seen = options;
            return next(messages, options, token);
        }).Build().AsGuarded(new ScriptedModerator(_ => Verdict.Safe("scripted")), options =>
            (options.Policy, options.Observer, options.CheckSystemMessages) = (() => Redacting, observer, true));
        ChatOptions options = new() { Instructions = "Bill card 4111 1111 1111 1111." };
        ChatResponse response = isStream
            ? await client.GetStreamingResponseAsync(asked, options).ToChatResponseAsync()
            : await client.GetResponseAsync(asked, options);
        Assert.Equal("I write to bob@x.org.", response.Text);
        FunctionCallContent call = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Single();
        Assert.Equal("bob@x.org", call.Arguments!["to"]!.ToString());

        string sent = JsonSerializer.Serialize(model.Calls.Single(), AIJsonUtilities.DefaultOptions) + seen!.Instructions;
        Assert.DoesNotContain("x.org", sent);
        Assert.DoesNotContain("YUB4Lm9yZw", sent);
        Assert.DoesNotContain("4111", sent);
        Assert.Equal("Bill card 4111 1111 1111 1111.", options.Instructions);
        Assert.Equal(before, JsonSerializer.Serialize(asked, AIJsonUtilities.DefaultOptions)); // the caller's own objects stay as they were

        GuardReport report = observer.Ends.Single();
        Assert.Equal(GuardAction.Redact, report.PromptDecision!.Action);
        Assert.Equal(4, report.Redacted["email"]);
        Assert.DoesNotContain("x.org", report.Rounds.Single().Answer);
        Assert.Contains("[EMAIL_2]", report.Rounds.Single().Answer);
    }

    [Fact]
    public async Task DataIsEscapedWhereTheAnswerIsJson()
    {
        const string Mail = "a'b@x.org";
        StubChatClient model = new("""{"key":"[PRIVATE_KEY_1]","to":"[EMAIL_1]"}""");
        GuardedChatClient client = model.AsGuarded(new ScriptedModerator(_ => Verdict.Safe("scripted")), options => options.Policy = () => Redacting);
        ChatResponse response = await client.GetResponseAsync(Pem + "\n" + Mail, new ChatOptions { ResponseFormat = ChatResponseFormat.Json });
        using JsonDocument json = JsonDocument.Parse(response.Text);
        Assert.Equal((Pem, Mail), (json.RootElement.GetProperty("key").GetString(), json.RootElement.GetProperty("to").GetString()));
    }

    [Fact]
    public async Task APolicySaysWhatIsRedactedForWhom()
    {
        GuardPolicy policy = PolicyReader.Parse("""
            redact: { kinds: [ email ], patterns: [ { name: staff_number, pattern: 'E-\d{6}' } ] }
            own_categories:
              - { name: code_names, severity: severe, keywords: [ project falcon ] }
              - { name: described, description: what only a judge finds }
            categories: { code_names: { prompt: redact } }
            roles: { clerk: { redact: { kinds: [ none ] } }, auditor: { redact: { kinds: [ all ] } } }
            """);
        Assert.Equal("[EMAIL_1] [STAFF_NUMBER_1] 030/1234567 [CODE_NAMES_1]", Redact(new()));
        Assert.Equal("a@x.org E-123456 030/1234567 [CODE_NAMES_1]", Redact(new(Role: "clerk")));
        Assert.Equal("[EMAIL_1] E-123456 [PHONE_1] [CODE_NAMES_1]", Redact(new(Role: "auditor")));

        // what something else still finds is not let through
        Assert.Equal(GuardAction.Block, policy.Decide(Verdict.Unsafe("judge", Severity.Severe, ["code_names"]), GuardSide.Prompt).Action);
        StubChatClient model = new("Fine.");
        GuardedChatClient client = model.AsGuarded(PatternModerator.For(policy)!, options => options.Policy = () => policy);
        Assert.Equal("Fine.", (await client.GetResponseAsync("About Project  Falcon")).Text);
        Assert.Equal("About [CODE_NAMES_1]", model.Calls.Single()[0].Text);

        string Redact(GuardContext context) => new Placeholders(policy.RedactionFor(context)!).Redact("a@x.org E-123456 030/1234567 project falcon");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task APromptThatCannotBeRedactedIsRefusedAndNotRecorded(bool checkPrompts)
    {
        RedactionRules slow = new([SensitiveKind.OfPattern("slow", "(?=a)(a|aa)+$")]); // back-tracks without end
        GuardPolicy policy = GuardPolicy.Default with { Rules = GuardPolicy.Default.Rules with { Redaction = slow } };
        StubChatClient model = new("Fine.");
        RecordingObserver observer = new();
        GuardedChatClient client = model.AsGuarded(new ScriptedModerator(_ => Verdict.Safe("scripted")), options =>
            (options.Policy, options.Observer, options.CheckPrompts) = (() => policy, observer, checkPrompts));
        ChatResponse response = await client.GetResponseAsync(new string('a', 60) + "!");
        Assert.Equal(policy.FailureRefusal, response.GetRefusal());
        Assert.Empty(model.Calls);
        Assert.Contains("took too long", observer.Ends.Single().ModeratorFailure);
        Assert.Equal("", observer.Ends.Single().Prompt.Question);
    }

    // A host's options carry the call, without which it cannot say what stands beside the messages; and that may be what takes too long.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhatStandsBesideAPromptThatCannotBeRedactedIsNotAskedFor(bool isPromptSlow)
    {
        RedactionRules slow = new([SensitiveKind.OfPattern("slow", "(?=a)(a|aa)+$")]);
        GuardPolicy policy = GuardPolicy.Default with { Rules = GuardPolicy.Default.Rules with { Redaction = slow } };
        string slowText = new string('a', 60) + "!";
        StubChatClient model = new("Fine.");
        RecordingObserver observer = new();
        GuardedChatClient client = model.AsGuarded(new ScriptedModerator(_ => Verdict.Safe("scripted")), options =>
        {
            (options.Policy, options.Observer) = (() => policy, observer);
            options.ExtraText = chat => chat is null ? throw new InvalidOperationException("no call") : slowText;
        });
        ChatResponse response = await client.GetResponseAsync(isPromptSlow ? slowText : "Hello", new());
        Assert.Equal(policy.FailureRefusal, response.GetRefusal());
        Assert.Empty(model.Calls);
        Assert.DoesNotContain("aaaa", string.Concat(observer.Ends.Single().Prompt.Question, observer.Ends.Single().Judged?.Question));
    }

    [Theory]
    [InlineData("redact: { kinds: [ mail ] }", "kinds")]
    [InlineData("redact: { }", "give kinds or patterns")]
    [InlineData("redact: { patterns: [ { name: email, pattern: x } ] }", "taken")]
    [InlineData("redact: { patterns: [ { name: X, pattern: x } ] }", "lower-case")]
    [InlineData("redact: { patterns: [ { name: x, pattern: '(' } ] }", "no regular expression")]
    [InlineData("prompt: redact", "redact")]
    [InlineData("categories: { animal_abuse: { prompt: redact } }", "redact")]
    [InlineData("own_categories: [ { name: x, keywords: [ y ] } ]\ncategories: { x: { answer: redact } }", "redact")]
    [InlineData("own_categories: [ { name: x, description: y } ]\ncategories: { x: { prompt: redact } }", "redact")]
    public void FaultsInAPolicyAreNamed(string yaml, string word) =>
        Assert.Contains(word, Assert.Throws<InvalidInputException>(() => PolicyReader.Parse(yaml)).Message);

    private static IEnumerable<string> Cut(string text, int[] cuts)
    {
        for (int at = 0, i = 0; at < text.Length; i++)
        {
            int length = Math.Min(cuts[i % cuts.Length], text.Length - at);
            yield return text.Substring(at, length);
            at += length;
        }
    }
}
