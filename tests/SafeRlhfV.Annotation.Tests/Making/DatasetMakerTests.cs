using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation.Tests;

public sealed class DatasetMakerTests
{
    [Fact]
    public async Task It_makes_a_data_set_that_keeps_every_rule()
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
    public async Task Answers_are_stored_as_the_models_gave_them()
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
    public async Task Answers_that_differ_by_blanks_alone_make_no_pair()
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
    public async Task Requests_speak_the_protocol_and_hold_the_image()
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
    public async Task The_tally_counts_tokens_and_prices()
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
    public async Task The_same_run_again_asks_nothing_and_writes_the_same()
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
    public async Task A_judge_that_always_prefers_the_first_is_found_out_and_its_pairs_are_contested()
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
    public async Task Unreadable_replies_are_asked_for_again_and_counted_and_never_become_ties()
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
    public async Task A_judge_that_never_answers_in_json_fails_the_pairs_and_says_so()
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
    public async Task Answers_that_are_not_whole_make_no_pair(string finish, string reason)
    {
        await using MakingCase one = await MakingCase.StartAsync(1);
        one.Server.Finish = body => FakeChatServer.RoleOf(body) == "answer" && body["model"]!.GetValue<string>() == "model-b" ? finish : "stop";
        MakingReport report = await one.RunAsync(one.Settings());
        Assert.Equal(0, report.Pairs);
        Assert.Equal(2, report.AnswersLeftOut[reason]);
    }

    [Fact]
    public async Task Images_that_do_not_fit_or_cannot_be_decoded_or_repeat_are_told()
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
    public async Task The_budget_stops_the_asking_and_a_larger_one_goes_on()
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
