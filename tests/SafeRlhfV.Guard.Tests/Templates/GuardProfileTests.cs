using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class GuardProfileTests
{
    public static TheoryData<string> Names => [.. GuardProfiles.All.SelectMany(profile => profile.Names)];

    [Theory]
    [InlineData("llamaguard", "\n\nsafe", false, "", "None")]
    [InlineData("llamaguard", "\n\nunsafe\nS1", true, "violence_and_physical_harm", "Moderate")]
    [InlineData("llamaguard", "unsafe\nS4, S10", true, "sexual_crimes discriminatory_depictions", "Severe")]
    [InlineData("llamaguard", "unsafe", true, "", "Moderate")]
    [InlineData("llamaguard", "unsafe\nS99", true, "", "Moderate")]
    [InlineData("llamaguard", "unsafe\nS5,S99", true, "false_information", "Moderate")]
    [InlineData("llamaguard", "unsafe\ns4, s5", true, "sexual_crimes false_information", "Severe")]
    [InlineData("llavaguard", """{"rating": "Unsafe", "category": "o7", "rationale": ""}""", true, "dangerous_behavior", "Severe")]
    [InlineData("llavaguard", """{"rating": "Unsafe", "category": "O8: Animal Cruelty", "rationale": "a dog is hurt"}""", true, "animal_abuse", "Moderate")]
    [InlineData("qwenguard", """{ "rating": "Safe", "category": "NA: None applying", "rationale": "a park" }""", false, "", "None")]
    [InlineData("llavaguard", """{"rating": "Safe", "category": "O2: Violence, Harm, or Cruelty", "rationale": "news"}""", false, "", "None")]
    [InlineData("guardreasoner", "<think>Request: unharmful at first sight</think>\nRequest: harmful\nResponse: unharmful", true, "", "Moderate")]
    [InlineData("guardreasoner", "<think>fine</think>\n\nRequest: unharmful\nResponse: None", false, "", "None")]
    [InlineData("guardreasoner", "Request: harmful", true, "", "Moderate")]
    [InlineData("safeguard-vl", "A knife is held up. It is not safe for all.\nJudgment: Unsafe", true, "", "Moderate")]
    [InlineData("safeguard-vl", "A park.\n\n**Final Judgment:** **Safe**.", false, "", "None")]
    [InlineData("safeguard-vl", "<think>Judgment: Safe?</think>Unsafe", true, "", "Moderate")]
    [InlineData("qwen3guard", "Safety: Unsafe\nCategories: Violent, Suicide & Self-Harm", true, "violence_and_physical_harm dangerous_behavior", "Severe")]
    [InlineData("qwen3guard", "Safety: Controversial\nCategories: Politically Sensitive Topics", true, "false_information", "Minor")]
    [InlineData("qwen3guard", "Safety: Safe\nCategories: None\nRefusal: Yes", false, "", "None")]
    [InlineData("shieldgemma2", "Yes, it shows a fight", true, "dangerous_behavior pornographic_content violence_and_physical_harm", "Moderate")]
    [InlineData("shieldgemma2", " No", false, "", "None")]
    public async Task AnAnswerBecomesAVerdict(string profile, string said, bool isUnsafe, string categories, string severity)
    {
        Verdict verdict = await JudgeAsync(profile, said, answer: null);
        Assert.Null(verdict.Failure);
        Assert.Null(verdict.FindFault());
        Assert.Equal((isUnsafe, Enum.Parse<Severity>(severity)), (verdict.IsUnsafe, verdict.Severity));
        Assert.Equal(categories.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), verdict.Flagged.Order());
        Assert.Equal(isUnsafe ? 1 : 0, verdict.Score);
    }

    [Theory]
    [InlineData("<think>x</think>\nRequest: harmful\nResponse: unharmful", false)]
    [InlineData("<think>x</think>\nRequest: unharmful\nResponse: harmful", true)]
    public async Task AnAnswersOwnLabelCountsWhereAnAnswerIsJudged(string said, bool isUnsafe) =>
        Assert.Equal(isUnsafe, (await JudgeAsync("guardreasoner", said, answer: "an answer")).IsUnsafe);

    [Theory]
    [InlineData("llamaguard", "")]
    [InlineData("llamaguard", "safe\nunsafe")]
    [InlineData("llamaguard", "safe, I think")]
    [InlineData("llamaguard", "Safe")]
    [InlineData("llavaguard", "The image is Safe.")]
    [InlineData("llavaguard", """{"rating": "safe-ish", "category": "NA", "rationale": ""}""")]
    [InlineData("llavaguard", """{"category": "NA"}""")]
    [InlineData("llavaguard", """{"rating": "Unsafe", "category": "O2", "rating": "Safe", "rationale": ""}""")]
    [InlineData("qwenguard", """{"rating": "Unsafe", "category": "O2"} {"rating": "Safe", "category": "NA"}""")]
    [InlineData("guardreasoner", "<think>Request: unharmful\nResponse: unharmful")]
    [InlineData("guardreasoner", "<think>a</think>\nResponse: unharmful")]
    [InlineData("guardreasoner", "Request: unharmful\nRequest: harmful")]
    [InlineData("guardreasoner", "Request: unharmfully put")]
    [InlineData("safeguard-vl", "It is safe for work, and fine.")]
    [InlineData("safeguard-vl", "Judgment: Safe\nJudgment: Unsafe")]
    [InlineData("safeguard-vl", "Judgment: Safe/Unsafe")]
    [InlineData("safeguard-vl", "Judgment: Safe or Unsafe")]
    [InlineData("safeguard-vl", "the image is not safe")]
    [InlineData("qwen3guard", "Categories: None")]
    [InlineData("qwen3guard", "Safety: Safe\nSafety: Unsafe")]
    [InlineData("qwen3guard", "Safety: Safely")]
    [InlineData("shieldgemma2", "Yesterday")]
    [InlineData("shieldgemma2", "yes")]
    [InlineData("shieldgemma2", "")]
    public async Task AnAnswerThatCannotBeReadBlocks(string profile, string said)
    {
        Verdict verdict = await JudgeAsync(profile, said, answer: null);
        Assert.NotNull(verdict.Failure);
        Assert.Equal(GuardAction.Block, GuardPolicy.Default.Decide(verdict, GuardSide.Prompt).Action);
    }

    [Theory, MemberData(nameof(Names))]
    public void EveryProfileSendsTheQuestionOrTheImageWhole(string name)
    {
        GuardProfile profile = GuardProfiles.All.Find(name)!;
        RgbImage image = RgbImage.Grey(4, 4);
        IReadOnlyList<ChatMessage> asked = profile.Ask(new ModerationRequest([image], "what is {answer} in it?", "a {policy} shows {question}"));
        string text = string.Join('\n', asked.Select(message => message.Text));
        Assert.Equal(profile.SeesImages ? 1 : 0, asked.SelectMany(message => message.Contents).OfType<DataContent>().Count());
        if (profile.JudgesImagesAlone) Assert.Contains(profile.Policy, text, StringComparison.Ordinal);
        else
        {
            // what is filled in is no mark itself
            Assert.Contains("what is {answer} in it?", text, StringComparison.Ordinal);
            Assert.Contains("a {policy} shows {question}", text, StringComparison.Ordinal);
        }
        Assert.All(profile.Categories.Values, meaning => Assert.Contains(meaning.Category, Taxonomy.Categories));
        if (profile.Template is null) Assert.Equal([ChatRole.User, ChatRole.Assistant], asked.Select(message => message.Role));
    }

    [Fact]
    public async Task AnImageGuardJudgesEachImageOnceAndTheStrictestWins()
    {
        int calls = 0;
        StubModel model = new(messages =>
        {
            int call = Interlocked.Increment(ref calls);
            return $$"""{"rating": "{{(call == 2 ? "Unsafe" : "Safe")}}", "category": "O1: Hate", "rationale": ""}""";
        });
        using TemplateModerator moderator = new(model, GuardProfiles.All.Find("qwenguard")!);
        ModerationRequest request = new([RgbImage.Grey(4, 4, 1), RgbImage.Grey(4, 4, 2), RgbImage.Grey(4, 4, 3)], "text");
        Verdict verdict = await moderator.ModerateAsync(request, TestContext.Current.CancellationToken);
        Assert.True(verdict.IsUnsafe);
        Assert.Equal(3, calls);
        Assert.True((await moderator.ModerateAsync(request.WithResponse("more"), TestContext.Current.CancellationToken)).IsUnsafe);
        Assert.Equal(3, calls);
        Assert.False((await moderator.ModerateAsync(new ModerationRequest("no image"), TestContext.Current.CancellationToken)).IsUnsafe);
    }

    [Fact]
    public async Task EachPolicyIsAskedAboutByItself()
    {
        List<string> asked = [];
        StubModel model = new(messages =>
        {
            lock (asked) asked.Add(messages[^1].Text);
            return messages[^1].Text.Contains("box", StringComparison.Ordinal) ? "Yes" : "No";
        });
        TemplateOptions options = new()
        {
            Policies = ["violence", "boxes"],
            CustomPolicies = new Dictionary<string, string> { ["boxes"] = "no box", ["violence"] = "no fights" },
            Categories = new Dictionary<string, string> { ["boxes"] = "horror_and_gore" },
        };
        using TemplateModerator moderator = new(model, GuardProfiles.All.Find("shieldgemma2")!, options);
        Verdict verdict = await moderator.ModerateAsync(new ModerationRequest([RgbImage.Grey(4, 4)], "text"), TestContext.Current.CancellationToken);
        Assert.Equal(["no box", "no fights"], asked.Order());
        Assert.Equal(["horror_and_gore"], verdict.Flagged);
        Assert.Contains("dangerous", Assert.Throws<InvalidInputException>(() => new TemplateModerator(model, GuardProfiles.All.Find("shieldgemma2")!,
            new() { Policies = ["cats"] })).Message, StringComparison.Ordinal);
    }

    private static async Task<Verdict> JudgeAsync(string profile, string said, string? answer)
    {
        using TemplateModerator moderator = new(new StubModel(_ => said), GuardProfiles.All.Find(profile)!);
        return await moderator.ModerateAsync(new ModerationRequest([RgbImage.Grey(4, 4)], "a question", answer), TestContext.Current.CancellationToken);
    }

    private sealed class StubModel(Func<IReadOnlyList<ChatMessage>, string> say) : IGuardModel
    {
        public Task<GuardModelReply> AskAsync(IReadOnlyList<ChatMessage> messages, int maxTokens, CancellationToken cancellationToken) =>
            Task.FromResult(new GuardModelReply(say(messages), []));
    }
}
