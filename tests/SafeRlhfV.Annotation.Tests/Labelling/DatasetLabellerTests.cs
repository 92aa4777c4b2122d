using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Annotation.Tests;

public sealed class DatasetLabellerTests
{
    [Fact]
    public void TheRecipeIsSound()
    {
        JudgingSettings settings = LabellingSettingsReader.Load(Path.Combine(Golden.RepositoryRoot(), "recipes", "data-label.yaml"));
        Assert.Equal(("judge", 1, true, 0.75, 2), (settings.Model.Name, settings.Repeats, settings.Swap, settings.Agreement, settings.CallsPerPair));
        Assert.Contains("unknown key",
            Assert.Throws<InvalidInputException>(() =>
                LabellingSettingsReader.Parse(LabelCase.Yaml("http://127.0.0.1:1") + "\nquestions: { model: judge }")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryPairGetsTheJudgesLabelsAndKeepsEverythingElse()
    {
        await using LabelCase one = await LabelCase.StartAsync(10);
        LabellingReport report = await one.RunAsync();
        Assert.Equal((10L, 10, 0, 20, true), (report.Pairs, report.Labelled, report.Contested, report.Judgements, report.IsComplete));
        Assert.Equal(20, one.Server.Requests.Count);
        LabelCase.AssertLabelled(one.Target, 10);
        Assert.DoesNotContain(DatasetValidator.Check(one.Target).Findings, finding => finding.Severity == FindingSeverity.Error);
        Dictionary<string, PreferencePair> before = PreferenceDataset.Open(one.Data).ReadPairs().ToDictionary(pair => pair.Question);
        foreach (DatasetRow row in PreferenceDataset.Open(one.Target).ReadRows())
        {
            PreferencePair now = row.ToPair(), then = before[now.Question];
            Assert.Equal((then.Category, then.ImageSeverity, then.Response1.Text, then.Response2.Text, then.Response1.From),
                (now.Category, now.ImageSeverity, now.Response1.Text, now.Response2.Text, now.Response1.From));
            Assert.Equal((then.Image!.Path, Convert.ToHexString(then.Image.Bytes!)), (now.Image!.Path, Convert.ToHexString(now.Image.Bytes!)));
            Assert.Equal((int.Parse(now.Question.Split(' ')[1].TrimEnd('?')) % 5 == 4 ? "evaluation" : "train", then.Category),
                (row.Position.Split, row.Position.Config));
        }
        Assert.Equal(20, AnnotationFile.Of(one.Target).Count);
        Assert.Equal(20, (int)JsonNode.Parse(File.ReadAllText(Path.Combine(one.Target, "labelling.json")))!["judgements"]!);
        Assert.Equal((0.0, 0.5), (report.OrderDependentSafe, report.FirstPreferredSafe));
        Assert.Equal(20 * (100 + 20 * 10) / 1e6, report.Cost, 9);
    }

    [Fact]
    public async Task TheSameRunAgainAsksNothingAndATakenFolderIsRefused()
    {
        await using LabelCase one = await LabelCase.StartAsync(6);
        await one.RunAsync();
        await Assert.ThrowsAsync<InvalidInputException>(() => one.RunAsync(overwrite: false));
        LabellingReport again = await one.RunAsync();
        Assert.Equal((6, 12), (again.Labelled, one.Server.Requests.Count));
    }

    [Fact]
    public async Task WhatFailedIsToldAndTriedAgain()
    {
        await using LabelCase one = await LabelCase.StartAsync(10);
        one.Server.Reply = body => FakeChatServer.WordsOf(body).Contains("Question 7?", StringComparison.Ordinal) ? "I cannot say." : FakeChatServer.Play(body);
        LabellingReport first = await one.RunAsync();
        Assert.Equal((10L, 9, false, 1), (first.Pairs, first.Labelled, first.IsComplete, first.Failures.Values.Sum()));
        int asked = one.Server.Requests.Count;
        one.Server.Reply = FakeChatServer.Play;
        LabellingReport second = await one.RunAsync(one.Settings(judge: ", reasks: 1"));
        Assert.Equal((9, false), (second.Labelled, second.IsComplete)); // unreadable answers are in the journal, too
        Assert.Equal(asked, one.Server.Requests.Count);
    }

    [Fact]
    public async Task ACallThatFailedIsAskedAgainByTheNextRun()
    {
        await using LabelCase one = await LabelCase.StartAsync(10);
        one.Server.Fault = async (http, body, _) => FakeChatServer.WordsOf(body).Contains("Question 7?", StringComparison.Ordinal)
            && await FakeChatServer.ErrorAsync(http, 400, "not this one");
        LabellingReport first = await one.RunAsync();
        Assert.Equal((9, false), (first.Labelled, first.IsComplete));
        one.Server.Fault = (_, _, _) => Task.FromResult(false);
        LabellingReport second = await one.RunAsync();
        Assert.Equal((10, true), (second.Labelled, second.IsComplete));
        LabelCase.AssertLabelled(one.Target, 10);
        Assert.Equal(18 + 2, one.Server.Answered.Count); // nothing that was answered is asked twice
    }

    [Fact]
    public async Task PairsOnWhichTheJudgeDoesNotAgreeWithItselfAreADataSetToAnnotate()
    {
        await using LabelCase one = await LabelCase.StartAsync(9);
        one.Server.Reply = body => FakeChatServer.WordsOf(body).Contains("Question 3?", StringComparison.Ordinal)
            ? FakeChatServer.Verdict(firstSafer: true, secondMoreHelpful: false) : FakeChatServer.Play(body);
        LabellingReport report = await one.RunAsync();
        Assert.Equal((8, 1, true), (report.Labelled, report.Contested, report.IsComplete));
        Assert.Equal(1.0 / 9, report.OrderDependentSafe, 9);
        using TemporaryFolder labels = new();
        Assert.Equal("Question 3?", Assert.Single(ItemSource.Load(Path.Combine(one.Working, "contested"), labels.Path)).Question);
        // people and models give the same pair the same key
        string key = ItemSource.Load(one.Data, labels.Path).Single(item => item.Question == "Question 5?").Id;
        Assert.Contains(AnnotationFile.Of(one.Target), record => record.Item == key);
    }

    [Fact]
    public async Task RowsThatCannotBeJudgedAreNamed()
    {
        await using LabelCase one = await LabelCase.StartAsync(1);
        using TemporaryFolder folder = new();
        string lines = folder.At("pairs.jsonl");
        File.WriteAllLines(lines, [.. (string[])["""{"question": "One?", "response_1": "A careful answer.", "response_2": "A plain answer."}""",
            """{"question": "Two?", "response_1": "Same.", "response_2": "Same. "}""", """{"question": "Three?", "response_1": "Alone."}"""]]);
        LabellingReport report = await DatasetLabeller.RunAsync(one.Settings(), lines, one.Working, one.Target);
        Assert.Empty(report.Failures);
        Assert.Equal((3L, 1, false), (report.Pairs, report.Labelled, report.IsComplete));
        Assert.Equal(["equal responses", "no two responses"], report.LeftOut.Keys);
        string[] named = File.ReadAllLines(Path.Combine(one.Working, "left-out.jsonl"));
        Assert.Equal(["default/train/1", "default/train/2"], named.Select(line => JsonNode.Parse(line)!["row"]!.GetValue<string>()));
        DatasetRow labelled = Assert.Single(PreferenceDataset.Open(one.Target).ReadRows());
        Assert.Equal(("1", "yes", "no"), (labelled.Text("safer_response_id"), labelled.Text("is_response_1_safe"), labelled.Text("is_response_2_safe")));
    }

    [Fact]
    public async Task OtherSettingsOrDataNeedAnotherFolder()
    {
        await using LabelCase one = await LabelCase.StartAsync(4);
        await one.RunAsync();
        InvalidInputException error = await Assert.ThrowsAsync<InvalidInputException>(() => one.RunAsync(one.Settings(judge: ", repeats: 2")));
        Assert.Contains("give another --work", error.Message, StringComparison.Ordinal);
        await one.RunAsync(one.Settings(top: "budget: 5")); // what decides no label may change
    }

    [Fact]
    public async Task TheBudgetStopsTheWorkAndALargerOneGoesOn()
    {
        await using LabelCase one = await LabelCase.StartAsync(12);
        LabellingReport first = await one.RunAsync(one.Settings(top: "budget: 0.0020")); // 6 to 7 calls
        Assert.Equal((true, false, null), (first.BudgetSpent, first.IsComplete, first.Folder));
        Assert.InRange(one.Server.Requests.Count, 7, 12);
        LabellingReport second = await one.RunAsync(one.Settings(top: "budget: 1"));
        Assert.Equal((12, true), (second.Labelled, second.IsComplete));
        Assert.Equal(24, one.Server.Requests.Count);
    }

    [Fact]
    public async Task ThePlanCountsCallsTokensAndDays()
    {
        await using LabelCase one = await LabelCase.StartAsync(10);
        LabellingPlan plan = DatasetLabeller.Plan(one.Settings(judge: ", repeats: 3"), one.Data, 4, null, 1000);
        Assert.Equal((10L, 3, 60L, 60L * 120), (plan.Pairs, plan.Shards, plan.Calls, plan.OutputTokens));
        Assert.InRange(plan.InputTokens / 60, 300, 1500);
        Assert.Equal((plan.InputTokens + plan.OutputTokens) / 1000.0 / 86_400, plan.GpuDays, 9);
        Assert.Equal((plan.InputTokens + plan.OutputTokens * 10) / 1e6, plan.Cost, 9);
        Assert.Empty(one.Server.Requests);
    }

    /// <summary>What is left of a job that could not begin would refuse the next one.</summary>
    [Fact]
    public async Task NothingIsWrittenWhereTheQueueDoesNotAnswerOrTheTargetIsTaken()
    {
        WorkerOptions dead = new() { Queue = "postgres://127.0.0.1:1/nowhere", ShardPairs = 4 };
        await using LabelCase one = await LabelCase.StartAsync(4);
        Assert.Contains("cannot be used", (await Assert.ThrowsAsync<ServiceException>(() => one.RunAsync(options: dead))).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(one.Working));
        LabelCase.WritePairs(one.Target, 1);
        await Assert.ThrowsAsync<InvalidInputException>(() => one.RunAsync(overwrite: false));
        Assert.False(Directory.Exists(one.Working));

        await using MakingCase making = await MakingCase.StartAsync(2);
        using TemporaryFolder folder = new();
        await Assert.ThrowsAsync<ServiceException>(() => DatasetMaker.ShareAsync(making.Settings(), making.Images, folder.At("work"), folder.At("made"), dead));
        Assert.False(Directory.Exists(folder.At("work")));
    }
}
