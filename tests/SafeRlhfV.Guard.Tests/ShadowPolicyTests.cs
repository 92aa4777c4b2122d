using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard.Tests;

public sealed class ShadowPolicyTests
{
    [Theory]
    [InlineData("prompt: block", "mild harm", GuardAction.AllowWithNotice, GuardAction.Block)]
    [InlineData("prompt: allow", "harm", GuardAction.Block, GuardAction.Allow)]
    [InlineData("own_categories: [ { name: code_names, keywords: [ falcon ] } ]", "falcon", GuardAction.Allow, GuardAction.Block)]
    [InlineData("redact: { kinds: [ email ] }", "a@x.org", GuardAction.Allow, GuardAction.Redact)]
    [InlineData("own_categories: [ { name: code_names, keywords: [ falcon ] } ]\ncategories: { code_names: { prompt: redact } }", "falcon", GuardAction.Allow,
        GuardAction.Redact)]
    [InlineData("name: other", "nothing", GuardAction.Allow, GuardAction.Allow)]
    public async Task ItTellsWhatItWouldHaveDoneAndChangesNothing(string yaml, string prompt, GuardAction inForce, GuardAction shadowed)
    {
        (ShadowReport told, ChatResponse response) = await AskAsync(PolicyReader.Parse(yaml), GuardPolicy.Default, prompt);
        ShadowDecision decision = told.Decisions[0];
        Assert.Equal((GuardSide.Prompt, inForce, shadowed), (decision.Side, decision.InForce.Action, decision.Shadow.Action));
        Assert.Equal(inForce != shadowed, told.Differs);
        Assert.Equal(inForce == GuardAction.Block, response.GetRefusal() is not null);
        if (inForce == GuardAction.Allow) Assert.Equal("Fine.", response.Text);
    }

    [Fact]
    public async Task ThresholdsAreAppliedToWhatTheModeratorsGave()
    {
        GuardPolicy strict = GuardPolicy.Default with { Thresholds = new() { Unsafe = 0.1 } };
        ShadowDecision decision = (await AskAsync(GuardPolicy.Default, strict, "slightly")).Told.Decisions[0];
        // the moderator itself found it safe, at 0.2
        Assert.Equal((GuardAction.AllowWithNotice, GuardAction.Allow), (decision.InForce.Action, decision.Shadow.Action));
        decision = (await AskAsync(strict, GuardPolicy.Default, "slightly")).Told.Decisions[0];
        Assert.Equal((GuardAction.Allow, GuardAction.AllowWithNotice), (decision.InForce.Action, decision.Shadow.Action));
    }

    // The words of the policy in force are not the shadow policy's; what others found counts for both.
    [Theory]
    [InlineData("a falcon", GuardAction.Block, GuardAction.Allow)]
    [InlineData("harm by a falcon", GuardAction.Block, GuardAction.Block)]
    [InlineData("an eagle", GuardAction.Allow, GuardAction.Block)]
    public async Task AWordThatTheShadowDropsIsNoMoreBlocked(string prompt, GuardAction inForce, GuardAction shadowed)
    {
        GuardPolicy current = PolicyReader.Parse("own_categories: [ { name: birds, severity: severe, keywords: [ falcon ] } ]");
        GuardPolicy next = PolicyReader.Parse("own_categories: [ { name: birds, severity: severe, keywords: [ eagle ] } ]");
        ParallelModerator moderator = new([PatternModerator.For(current)!,
            ScriptedModerator.Finds("harm", Severity.Severe, "animal_abuse")]);
        ShadowDecision decision = (await AskAsync(next, current, prompt, moderator)).Told.Decisions[0];
        Assert.Equal((inForce, shadowed), (decision.InForce.Action, decision.Shadow.Action));
        if (prompt == "harm by a falcon") Assert.Equal(["animal_abuse"], decision.Shadow.Verdict.Flagged);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EachDraftIsDecidedAnewAndNobodyWaits(bool isStream)
    {
        TaskCompletionSource hold = new();
        List<ShadowReport> told = [];
        ShadowPolicy shadow = new(() => PolicyReader.Parse("answer: block"), async report =>
        {
            await hold.Task;
            told.Add(report);
        });
        StubChatClient model = new("harm", "Fine.");
        GuardedChatClient client = model.AsGuarded(Moderator(), options => options.Shadow = shadow);
        for (int i = 0; i < 3; i++) // more than one, though the first is still being told
        {
            ChatResponse response = isStream
                ? await client.GetStreamingResponseAsync("question").ToChatResponseAsync() : await client.GetResponseAsync("question");
            Assert.Equal("Fine.", response.Text);
        }
        Assert.Empty(told);
        hold.SetResult();
        await shadow.DisposeAsync();
        Assert.Equal(3, told.Count);
        Assert.Equal([(GuardSide.Prompt, 0, GuardAction.Allow, GuardAction.Allow), (GuardSide.Answer, 0, GuardAction.Regenerate, GuardAction.Block),
            (GuardSide.Answer, 1, GuardAction.Allow, GuardAction.Allow)],
            told[0].Decisions.Select(one => (one.Side, one.Round, one.InForce.Action, one.Shadow.Action)));
    }

    [Fact]
    public async Task ItsFailuresAreCountedAndStopNothing()
    {
        ShadowPolicy shadow = new(() => GuardPolicy.Default, _ => throw new IOException("the disk is full"));
        GuardedChatClient client = new StubChatClient("Fine.").AsGuarded(Moderator(), options => options.Shadow = shadow);
        Assert.Equal("Fine.", (await client.GetResponseAsync("question")).Text);
        Assert.Equal("Fine.", (await client.GetResponseAsync("question")).Text);
        await shadow.DisposeAsync();
        Assert.Equal((2, 0), (shadow.Failed, shadow.Dropped));
        Assert.Equal("Fine.", (await client.GetResponseAsync("question")).Text); // after its end
        Assert.Equal(1, shadow.Dropped);
    }

    private static ScriptedModerator Moderator() => new(request => (request.Response ?? request.Question) switch
    {
        "mild harm" => Verdict.Unsafe("scripted", Severity.Minor, ["animal_abuse"], 0.9),
        "harm" => Verdict.Unsafe("scripted", Severity.Severe, ["animal_abuse"], 0.9),
        "slightly" => Verdict.Safe("scripted", 0.2),
        _ => Verdict.Safe("scripted"),
    });

    private static async Task<(ShadowReport Told, ChatResponse Response)> AskAsync(GuardPolicy shadowed, GuardPolicy inForce, string prompt,
        IModerator? moderator = null)
    {
        List<ShadowReport> told = [];
        ShadowPolicy shadow = new(() => shadowed, report =>
        {
            told.Add(report);
            return ValueTask.CompletedTask;
        });
        GuardedChatClient client = new StubChatClient("Fine.").AsGuarded(moderator ?? Moderator(),
            options => (options.Shadow, options.Policy) = (shadow, () => inForce));
        ChatResponse response = await client.GetResponseAsync(prompt);
        await shadow.DisposeAsync();
        return (told.Single(), response);
    }
}
