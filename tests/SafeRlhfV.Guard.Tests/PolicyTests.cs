using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Guard.Tests;

public sealed class PolicyTests
{
    private const string House = """
        name: house
        rounds: 3
        thresholds: { unsafe: 0.4, categories: { animal_abuse: 0.2 } }
        prompt: { minor: allow, moderate: notice, severe: block }
        answer: { minor: notice, moderate: regenerate, severe: block }
        categories:
          animal_abuse: { answer: block }
          unreleased_products: { prompt: allow }
        own_categories:
          - name: unreleased_products
            severity: minor
            keywords: [ project falcon ]
            patterns: [ 'falcon-\d+' ]
        users:
          ann: { answer: allow }
        roles:
          nurse: { categories: { harmful_health_content: { prompt: allow, answer: notice } } }
        routes:
          kids: { prompt: block, answer: block }
        """;

    private static Verdict Unsafe(Severity severity, params string[] flagged) => Verdict.Unsafe("m", severity, flagged, 0.9);

    [Fact]
    public void RulesAreReadAndFollowed()
    {
        GuardPolicy policy = PolicyReader.Parse(House);
        Assert.StartsWith("house@", policy.Version);
        Assert.Equal(3, policy.Rounds);
        Assert.Equal(GuardAction.Allow, policy.Decide(Verdict.Safe("m", 0.39), GuardSide.Answer).Action);
        Assert.Equal(GuardAction.AllowWithNotice, policy.Decide(Unsafe(Severity.Minor, "horror_and_gore"), GuardSide.Answer).Action);
        Assert.Equal(GuardAction.Regenerate, policy.Decide(Unsafe(Severity.Moderate, "horror_and_gore"), GuardSide.Answer).Action);
        Assert.Equal(GuardAction.AllowWithNotice, policy.Decide(Unsafe(Severity.Moderate, "horror_and_gore"), GuardSide.Prompt).Action);
        GuardDecision strictest = policy.Decide(Unsafe(Severity.Minor, "horror_and_gore", "animal_abuse"), GuardSide.Answer);
        Assert.Equal(GuardAction.Block, strictest.Action);
        Assert.Equal(["animal_abuse"], strictest.DecidedBy);
    }

    [Fact]
    public void NearerRulesWinButNeverLoosenACategorysOwn()
    {
        GuardPolicy policy = PolicyReader.Parse(House);
        Assert.Equal(GuardAction.Allow, policy.Decide(Unsafe(Severity.Severe, "horror_and_gore"), GuardSide.Answer, new("ann")).Action);
        Assert.Equal(GuardAction.Block, policy.Decide(Unsafe(Severity.Minor, "animal_abuse"), GuardSide.Answer, new("ann")).Action);
        Assert.Equal(GuardAction.AllowWithNotice,
            policy.Decide(Unsafe(Severity.Severe, "harmful_health_content"), GuardSide.Answer, new("bob", "nurse")).Action);
        Assert.Equal(GuardAction.Block, policy.Decide(Unsafe(Severity.Minor, "horror_and_gore"), GuardSide.Prompt, new("bob", Route: "kids")).Action);
    }

    [Fact]
    public void ThresholdsDecideAnew()
    {
        GuardPolicy policy = PolicyReader.Parse(House);
        GuardDecision decision = policy.Decide(new GuardThresholds().Judge(0.45, new double[20], [0.55, 0.4, 0.05, 0], "m"), GuardSide.Answer);
        Assert.True(decision.Verdict.IsUnsafe);
        Assert.Equal(GuardAction.AllowWithNotice, decision.Action);
    }

    [Fact]
    public void AFailureIsBlockedWhateverTheRulesSay() =>
        Gen.Enum<GuardAction>().Select(Gen.Bool).Sample((action, prompt) =>
        {
            GuardPolicy policy = new() { Version = "v", Rules = new() { Prompt = SeverityRules.All(action), Answer = SeverityRules.All(action) } };
            return policy.Decide(Verdict.Failed("m", "broken"), prompt ? GuardSide.Prompt : GuardSide.Answer).Action == GuardAction.Block;
        });

    [Fact]
    public void WithoutRulesUnsafeContentIsBlocked() =>
        Assert.Equal(GuardAction.Block, new GuardPolicy { Version = "v" }.Decide(Unsafe(Severity.Minor, "false_information"), GuardSide.Answer).Action);

    [Fact]
    public void AllFaultsAreNamedWithTheirLines()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => PolicyReader.Parse("""
            rounds: many
            prompt: { minor: regenerate }
            answer: { mild: block }
            categories:
              animal_abuze: { answer: block }
            thresholds: { unsafe: 1.5 }
            own_categories:
              - name: Bad Name
                patterns: [ '(' ]
              - name: animal_abuse
                keywords: [ x ]
            colour: red
            """, "policy.yaml"));
        Assert.StartsWith("policy.yaml has 9 faults: line 1: rounds: 'many'", error.Message);
        foreach (string part in (string[])["line 2: prompt.minor: 'regenerate'", "line 3: answer.mild: unknown key", "line 5: categories.animal_abuze",
            "line 6: thresholds.unsafe", "line 8: own_categories[0].name", "line 9: own_categories[0].patterns", "animal_abuse is taken",
            "line 12: colour: unknown key"])
            Assert.Contains(part, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("a: [", "not valid YAML")]
    [InlineData("prompt: block\nprompt: allow", "not valid YAML")]
    [InlineData("- a", "must be a mapping")]
    public void WhatIsNoPolicyIsRefused(string yaml, string message) => Assert.Contains(message,
        Assert.Throws<InvalidInputException>(() => PolicyReader.Parse(yaml)).Message);

    [Fact]
    public void AnEmptyFileIsTheDefault() => Assert.Equal(GuardPolicy.Default.Rules.Prompt, PolicyReader.Parse("").Rules.Prompt);

    [Fact]
    public void AChangedFileIsReadAgainAndAFaultyOneIsNot()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("policy.yaml");
        File.WriteAllText(path, "rounds: 1");
        PolicyFile file = new(path, TimeSpan.Zero);
        int changes = 0;
        file.Changed += _ => changes++;
        Assert.Equal(1, file.Current.Rounds);
        string first = file.Current.Version;
        File.WriteAllText(path, "rounds: 12");
        Assert.Equal(12, file.Current.Rounds);
        Assert.NotEqual(first, file.Current.Version);
        File.WriteAllText(path, "rounds: twelve");
        Assert.Equal(12, file.Current.Rounds);
        Assert.Contains("line 1", file.LastFault);
        File.Delete(path);
        Assert.Equal(12, file.Current.Rounds);
        File.WriteAllText(path, "rounds: 4");
        Assert.Equal(4, file.Current.Rounds);
        Assert.Null(file.LastFault);
        Assert.Equal(4, changes);
    }

    // What loosens a policy by accident: a file emptied, cut within a line, or cut between lines, which leaves sound YAML.
    [Theory]
    [InlineData("", "is empty")]
    [InlineData("# nothing\n", "is empty")]
    [InlineData("name: house\nrounds: 3\nprompt:", "the beginning of the policy in force")]
    [InlineData("name: house\nrounds: 3\n", "the beginning of the policy in force")]
    [InlineData("name: another\nprompt:\nroles:\n  nurse:", "prompt: has no value")]
    public void AnEmptyOrCutFileLeavesThePolicyInForce(string cut, string fault)
    {
        using TemporaryFolder folder = new();
        string path = folder.At("policy.yaml");
        File.WriteAllText(path, "name: house\nrounds: 3\nprompt: block\nanswer: block\n");
        PolicyFile file = new(path, TimeSpan.Zero);
        string before = file.Current.Version;
        File.WriteAllText(path, cut);
        Assert.Equal(before, file.Current.Version);
        Assert.Contains(fault, file.LastFault);
        if (!fault.StartsWith("the beginning", StringComparison.Ordinal)) Assert.Throws<InvalidInputException>(() => PolicyReader.Load(path));
        File.WriteAllText(path, "name: other\nrounds: 3\n");
        Assert.StartsWith("other@", file.Current.Version);
        Assert.Null(file.LastFault);
    }

    // A file is read once it has stood for an interval: half of what is being written is no policy.
    [Fact]
    public void AFileIsNotReadWhileItIsWritten()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("policy.yaml");
        File.WriteAllText(path, "rounds: 1");
        SteppedClock clock = new();
        PolicyFile file = new(path, TimeSpan.FromSeconds(1), clock);
        File.WriteAllText(path, "rounds: 12");
        clock.Step();
        Assert.Equal(1, file.Current.Rounds);
        File.WriteAllText(path, "rounds: 12 # and more");
        clock.Step();
        Assert.Equal(1, file.Current.Rounds);
        clock.Step();
        Assert.Equal(12, file.Current.Rounds);
    }

    // After a quiet hour the first request is judged by the policy that has stood in the file, not by the one from before.
    [Fact]
    public void AChangeThatHasStoodCountsAtTheFirstLook()
    {
        using TemporaryFolder folder = new();
        string path = folder.At("policy.yaml");
        File.WriteAllText(path, "rounds: 1");
        SteppedClock clock = new();
        PolicyFile file = new(path, TimeSpan.FromSeconds(1), clock);
        File.WriteAllText(path, "rounds: 12");
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(-5));
        clock.Step();
        Assert.Equal(12, file.Current.Rounds);
    }

    private sealed class SteppedClock : TimeProvider
    {
        private long seconds = 1;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => seconds;

        public void Step() => seconds++;
    }
}
