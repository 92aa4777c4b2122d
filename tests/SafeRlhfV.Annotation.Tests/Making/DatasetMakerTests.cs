using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation.Tests;

public sealed class DatasetMakerTests
{
    [Fact]
    public async Task ItMakesADataSetThatKeepsEveryRule()
    {
        await using MakingCase one = await MakingCase.StartAsync();
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal((3, 6, 6, 0), (report.Images, report.Questions, report.Pairs, report.Contested));
        Assert.True(report.IsComplete);
        Assert.Equal(6 + 12 + 24, one.Server.Requests.Count);
        PreferenceDataset data = PreferenceDataset.Open(one.Target);
        Assert.DoesNotContain(DatasetValidator.Check(data.Path).Findings, finding => finding.Severity == FindingSeverity.Error);
        PreferencePair[] pairs = [.. data.ReadPairs("train")];
        Assert.Equal(["animal_abuse", "false_information"], data.Configs);
        Assert.Equal([1, 3], pairs.Select(pair => pair.ImageSeverity).Distinct().Order());
        foreach (PreferencePair pair in pairs)
        {
            RatedResponse careful = pair.Safer == 1 ? pair.Response1 : pair.Response2, plain = pair.Safer == 1 ? pair.Response2 : pair.Response1;
            Assert.Equal(("model-a", 2, true, 1), (careful.From, careful.HarmlessRate, careful.IsSafe, careful.HelpfulRate));
            Assert.Equal(("model-b", -1, false, 2), (plain.From, plain.HarmlessRate, plain.IsSafe, plain.HelpfulRate));
            Assert.NotEqual(pair.Safer, pair.MoreHelpful);
            Assert.Equal(File.ReadAllBytes(Path.Combine(one.Images, pair.Image!.Path!)), pair.Image.Bytes);
        }
        Assert.True(pairs.Select(pair => pair.Safer).Distinct().Count() == 2, "both answers come first at times");
        // agreement between the repeated judgements: the fake judge always agrees with itself
        Assert.Equal(1.0, report.Agreement["labels"]!["safer"]!["alpha"]!.GetValue<double>());
        Assert.Equal(24, AnnotationFile.Of(one.Target).Count);
        Assert.Equal((0.0, 0.0), (report.OrderDependentHelpful, report.OrderDependentSafe));
        Assert.Equal(0.5, report.FirstPreferredSafe);
    }

    [Fact]
    public async Task AnswersAreStoredAsTheModelsGaveThem()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        one.Server.Reply = body => FakeChatServer.RoleOf(body) == "answer" ? $"  {FakeChatServer.Play(body)}\n\n" : FakeChatServer.Play(body);
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.True(report.Pairs > 0);
        foreach (PreferencePair pair in PreferenceDataset.Open(one.Target).ReadPairs("train"))
            foreach (RatedResponse response in (RatedResponse[])[pair.Response1, pair.Response2])
                Assert.Matches(@"^  A (careful|plain) answer of model-[ab]\.\n\n$", response.Text);
    }

    [Fact]
    public async Task AnswersThatDifferByBlanksAloneMakeNoPair()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        int answers = 0;
        one.Server.Reply = body => FakeChatServer.RoleOf(body) == "answer"
            ? $"The same.{new string('\n', Interlocked.Increment(ref answers) % 2)}"
            : FakeChatServer.Play(body);
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal(0, report.Pairs);
    }

    [Fact]
    public async Task RequestsSpeakTheProtocolAndHoldTheImage()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        await one.RunAsync(one.Settings());
        foreach (JsonObject request in one.Server.Requests)
        {
            JsonNode image = request["messages"]!.AsArray()[^1]!["content"]!.AsArray().Single(part => part!["type"]!.GetValue<string>() == "image_url")!;
            Assert.StartsWith("data:image/", image["image_url"]!["url"]!.GetValue<string>());
            bool structured = FakeChatServer.RoleOf(request) != "answer";
            Assert.Equal(structured ? "json_schema" : null, request["response_format"]?["type"]?.GetValue<string>());
        }
    }

    [Fact]
    public async Task TheTallyCountsTokensAndPrices()
    {
        await using MakingCase one = await MakingCase.StartAsync();
        MakingReport report = await one.RunAsync(one.Settings());
        ModelTally asker = report.Tally["asker"];
        Assert.Equal((6, 600, 120), (asker.Answers, asker.InputTokens, asker.OutputTokens));
        Assert.Equal(6 * (100 * 1 + 20 * 10) / 1e6, asker.Cost, 12);
        Assert.Equal(asker.Cost, report.Cost, 12); // the others are free
        Assert.Equal(one.Server.Requests.Count, one.Audit().Length);
        Assert.All(one.Audit(), line => Assert.Equal("answered", JsonNode.Parse(line)!["outcome"]!.GetValue<string>()));
    }

    [Fact]
    public async Task TheSameRunAgainAsksNothingAndWritesTheSame()
    {
        await using MakingCase one = await MakingCase.StartAsync();
        await one.RunAsync(one.Settings());
        int asked = one.Server.Requests.Count;
        string[] before = [.. PreferenceDataset.Open(one.Target).ReadPairs()
            .Select(pair => $"{pair.Question} {pair.Response1} {pair.Response2} {pair.Safer} {pair.MoreHelpful}")];
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal(asked, one.Server.Requests.Count);
        Assert.Equal(asked, report.Tally.Values.Sum(tally => tally.FromJournal));
        Assert.Equal(before, PreferenceDataset.Open(one.Target).ReadPairs()
            .Select(pair => $"{pair.Question} {pair.Response1} {pair.Response2} {pair.Safer} {pair.MoreHelpful}"));
    }

    [Fact]
    public async Task AJudgeThatAlwaysPrefersTheFirstIsFoundOutAndItsPairsAreContested()
    {
        await using MakingCase one = await MakingCase.StartAsync();
        one.Server.Reply = body => FakeChatServer.RoleOf(body) == "judge"
            ? FakeChatServer.Verdict(firstSafer: true, secondMoreHelpful: false)
            : FakeChatServer.Play(body);
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal((0, 6), (report.Pairs, report.Contested));
        Assert.Equal((1.0, 1.0, 1.0, 1.0), (report.OrderDependentHelpful, report.OrderDependentSafe, report.FirstPreferredHelpful, report.FirstPreferredSafe));
        Assert.Null(report.Folder);
        Assert.False(Directory.Exists(one.Target));
        JsonNode contested = JsonNode.Parse(File.ReadLines(Path.Combine(one.Working, "contested.jsonl")).First())!;
        Assert.True(File.Exists(contested["image"]!.GetValue<string>()));
    }

    [Fact]
    public async Task UnreadableRepliesAreAskedForAgainAndCountedAndNeverBecomeTies()
    {
        await using MakingCase one = await MakingCase.StartAsync();
        int judged = 0, asked = 0;
        one.Server.Reply = body => FakeChatServer.RoleOf(body) switch
        {
            "judge" when Interlocked.Increment(ref judged) % 5 == 0 => "I cannot say.",
            "question" when Interlocked.Increment(ref asked) == 1 => """{"fits": true, "questions": [""",
            "answer" => FakeChatServer.Play(body),
            _ => $"```json\n{FakeChatServer.Play(body)}\n```",
        };
        MakingReport report = await one.RunAsync(one.Settings(judge: ", reasks: 3"));
        Assert.Equal(6, report.Pairs);
        Assert.Equal(1, report.ParseFailures["question"]);
        Assert.InRange(report.ParseFailures["judge"], 4, 8);
        Assert.Equal(24, report.Judgements);
    }

    [Fact]
    public async Task AJudgeThatNeverAnswersInJsonFailsThePairsAndSaysSo()
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        one.Server.Reply = body => FakeChatServer.RoleOf(body) == "judge" ? "first" : FakeChatServer.Play(body);
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal((0, 0, 0), (report.Pairs, report.Contested, report.Judgements));
        Assert.Equal(2 * 4 * 2, report.ParseFailures["judge"]);
        Assert.False(report.IsComplete);
        Assert.Contains(report.Failures, pair => pair.Key.Contains("verdict", StringComparison.Ordinal) && pair.Value == 2);
    }

    [Theory]
    [InlineData("length", "cut off at max_tokens")]
    [InlineData("content_filter", "stopped by a filter")]
    public async Task AnswersThatAreNotWholeMakeNoPair(string finish, string reason)
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        one.Server.Finish = body => FakeChatServer.RoleOf(body) == "answer" && body["model"]!.GetValue<string>() == "model-b" ? finish : "stop";
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal(0, report.Pairs);
        Assert.Equal(2, report.AnswersLeftOut[reason]);
    }

    [Fact]
    public async Task ImagesThatDoNotFitOrCannotBeDecodedOrRepeatAreTold()
    {
        await using MakingCase one = await MakingCase.StartAsync(2);
        File.WriteAllText(Path.Combine(one.Images, "broken.png"), "no image");
        File.Copy(Path.Combine(one.Images, "1.png"), Path.Combine(one.Images, "again.png"));
        one.Server.Reply = body => FakeChatServer.RoleOf(body) == "question" && FakeChatServer.WordsOf(body).Contains("animal", StringComparison.Ordinal)
            ? """{"fits": false, "questions": []}""" : FakeChatServer.Play(body);
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal(2, report.Unfit);
        Assert.Equal(2, report.Pairs);
        Assert.Equal(["again.png: the same file as 1.png", "broken.png: cannot be decoded"],
            report.ImagesLeftOut.Select(line =>
                line.Replace("1.png: the same file as again.png", "again.png: the same file as 1.png", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task TheBudgetStopsTheAskingAndALargerOneGoesOn()
    {
        await using MakingCase one = await MakingCase.StartAsync();
        MakingReport first = await one.RunAsync(one.Settings(top: "budget: 0.0006"));
        Assert.True(first.BudgetSpent);
        Assert.InRange(one.Server.Requests.Count, 2, 6); // questions alone cost anything here
        MakingReport second = await one.RunAsync(one.Settings(top: "budget: 1"));
        Assert.Equal(6, second.Pairs);
        Assert.Equal(6 + 12 + 24, one.Server.Requests.Count);
    }
}
