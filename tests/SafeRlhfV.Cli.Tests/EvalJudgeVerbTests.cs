using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class EvalJudgeVerbTests : IDisposable
{
    private const int Rows = 6, Probes = 2, Questions = 2 * Rows + Probes;
    private static readonly string Pairs = Golden.At("beavertails-v", "paired");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task WinRatesAndControlsAreThoseOfTheJudgesVerdicts()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        (int code, string output, string errors) = await CapturedConsole.RunAsync([.. Arguments(server), "--json"]);
        Assert.True(code == 0, errors);
        Assert.Equal(Questions, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.Contains("image_url", request.ToJsonString(), StringComparison.Ordinal));
        JsonNode report = JsonNode.Parse(output)!["report"]!;
        // the fake judge finds "careful" safer, and the other one more helpful
        Assert.Equal((Rows, Rows), (report["safe"]!["wins"]!.GetValue<int>(), report["helpful"]!["losses"]!.GetValue<int>()));
        Assert.Equal((Questions, Probes), (report["controls"]!["asked"]!.GetValue<int>(), report["controls"]!["probes"]!.GetValue<int>()));
        Assert.Equal(0, report["controls"]!["parseFailures"]!.GetValue<int>());

        (code, output, _) = await CapturedConsole.RunAsync(Arguments(server));
        Assert.Equal(0, code);
        Assert.Contains("0 of 14 replies could not be read", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheResultHoldsWhatWasSaidOfEachPrompt()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        (int code, string output, string errors) = await CapturedConsole.RunAsync([.. Arguments(server), "--out", folder.At("judged"), "--json"]);
        Assert.True(code == 0, errors);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(output), JsonNode.Parse(File.ReadAllText(folder.At("judged", "judge.json")))));
        JudgeResult result = JudgeResult.Read(folder.At("judged"));
        Assert.Equal(Rows, result.Items.Count);
        Assert.All(result.Items, item => Assert.Equal((Outcome.Win, Outcome.Loss), (item.Safe, item.Helpful)));
        Assert.All(result.Items, item => Assert.Equal(item.One!.Safer, item.Other!.Safer));
        Assert.NotEqual(result.Candidate, result.Baseline);
        await CapturedConsole.RefusedAsync(["both models are called 'one'"], [.. Arguments(server), "--out", folder.At("judged"), "--candidate-name", "one",
            "--baseline-name", "one"]);
    }

    [Fact]
    public async Task EachOfSeveralAnswersToARowIsJudged()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        string[] arguments = [.. Arguments(server), "--json"];
        // the second answer of each row is not the careful one
        File.WriteAllLines(folder.At("candidate.jsonl"), File.ReadAllLines(folder.At("candidate.jsonl")).SelectMany(line => (string[])
            [Sample(line, 1).Replace("careful", "short", StringComparison.Ordinal), line]));
        (int code, string output, string errors) = await CapturedConsole.RunAsync([.. arguments, "--out", folder.At("judged")]);
        Assert.True(code == 0, errors);
        JsonNode report = JsonNode.Parse(output)!["report"]!;
        Assert.Equal((Rows, 2 * Rows), ((int)report["prompts"]!, (int)report["answers"]!));
        Assert.Equal(4 * Rows + Probes, (int)report["controls"]!["asked"]!);
        Assert.Equal(Rows, (int)report["safe"]!["wins"]!);
        JudgeResult result = JudgeResult.Read(folder.At("judged"));
        Assert.Equal(Enumerable.Range(0, 2 * Rows).Select(i => i % 2), result.Items.Select(item => item.Sample));
        Assert.All(result.Items, item => Assert.Equal(item.Sample == 0, item.Candidate.Contains("careful", StringComparison.Ordinal)));

        // as many of the baseline: one against one
        File.WriteAllLines(folder.At("baseline.jsonl"), File.ReadAllLines(folder.At("baseline.jsonl")).SelectMany(line => (string[])[line, Sample(line, 1)]));
        (code, output, errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == 0, errors);
        Assert.Equal(2 * Rows, (int)JsonNode.Parse(output)!["report"]!["answers"]!);

        int asked = server.Requests.Count;
        string[] two = File.ReadAllLines(folder.At("candidate.jsonl"));
        File.WriteAllLines(folder.At("candidate.jsonl"), two.Concat(two.Where((_, i) => i % 2 == 1).Select(line => Sample(line, 2))));
        await CapturedConsole.RefusedAsync(["3 answers a row", "has 2"], arguments);
        File.WriteAllLines(folder.At("candidate.jsonl"), two[1..]);
        await CapturedConsole.RefusedAsync(["has 2 answers and row", "has 1"], arguments);
        File.WriteAllLines(folder.At("candidate.jsonl"), [.. two, two[0]]);
        await CapturedConsole.RefusedAsync([$"line {two.Length + 1} answers row", "again as sample 1"], arguments);
        Assert.Equal(asked, server.Requests.Count);
    }

    [Fact]
    public async Task AResultIsResumedAndOneOfOtherWorkIsNotReplaced()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Fault = async (http, _, number) => number == 5 && await FakeChatServer.ErrorAsync(http, 400, "not this one");
        string place = folder.At("judged");
        string[] arguments = [.. Arguments(server), "--out", place, "--concurrency", "1"];
        (int code, _, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == 1, errors);
        for (int run = 0; run < 2; run++)
        {
            (code, _, errors) = await CapturedConsole.RunAsync(arguments);
            Assert.True(code == 0, errors);
            Assert.Equal(Questions + 1, server.Requests.Count); // what was answered is not asked again
        }
        string[] before = Kept();

        string[] other = [.. arguments, "--seed", "1"];
        await CapturedConsole.RefusedAsync(["holds a result that differs in seed;", "--overwrite"], other);
        await CapturedConsole.RefusedAsync(["differs in judge;"], [.. arguments, "--protocol", "tags"]);
        File.WriteAllText(folder.At("candidate.jsonl"), File.ReadAllText(folder.At("candidate.jsonl")).Replace("careful", "other", StringComparison.Ordinal));
        await CapturedConsole.RefusedAsync(["differs in answers;"], arguments);
        Assert.Equal(Questions + 1, server.Requests.Count);
        Assert.Equal(before, Kept());
        (code, _, errors) = await CapturedConsole.RunAsync([.. arguments, "--overwrite"]);
        Assert.True(code == 0, errors);
        Assert.NotEqual(before, Kept());

        string[] elsewhere = [.. Arguments(server), "--out", folder.At("mine")];
        Directory.CreateDirectory(folder.At("mine"));
        File.WriteAllText(folder.At("mine", "notes.txt"), "mine");
        await CapturedConsole.RefusedAsync(["mine: holds something else"], elsewhere);
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(folder.At("mine")).Select(Path.GetFileName));

        string[] Kept() => [File.ReadAllText(Path.Combine(place, "judge.json")), File.ReadAllText(Path.Combine(place, "items.jsonl"))];
    }

    [Theory]
    [InlineData("my notes")]
    [InlineData("{\"row\":\"default/train/0\",\"response\":\"A cat.\"}")]
    [InlineData("{\"row\":\"default/train/0\",\"response\":\"A cat.\"}\n")]
    public async Task AFileThatIsNoJournalIsRefusedAndLeftAsItIs(string text)
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        File.WriteAllText(folder.At("mine.txt"), text);
        (int code, _, string errors) = await CapturedConsole.RunAsync([.. Arguments(server), "--journal", folder.At("mine.txt")]);
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("mine.txt", errors);
        Assert.Equal(text, File.ReadAllText(folder.At("mine.txt")));
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task WhatTheJournalHoldsIsNotAskedAgain()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Fault = async (http, _, number) => number == 5 && await FakeChatServer.ErrorAsync(http, 400, "not this one");
        string[] arguments = [.. Arguments(server), "--journal", folder.At("verdicts.jsonl"), "--concurrency", "1"];
        (int code, _, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == 1, errors);
        Assert.Single(errors.TrimEnd().Split('\n'), line => line.StartsWith("safe-rlhf-v:", StringComparison.Ordinal));
        Assert.Equal(5, File.ReadAllLines(folder.At("verdicts.jsonl")).Length);
        (code, _, errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == 0, errors);
        Assert.Equal(Questions + 1, server.Requests.Count);
        (code, _, _) = await CapturedConsole.RunAsync(arguments);
        Assert.Equal(0, code);
        Assert.Equal(Questions + 1, server.Requests.Count);
    }

    [Fact]
    public async Task UnreadableRepliesAreCountedAndNotKept()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Reply = _ => "I would rather not say.";
        (int code, string output, string errors) = await CapturedConsole.RunAsync([.. Arguments(server), "--journal", folder.At("verdicts.jsonl"), "--json"]);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains($"judge-model: {Questions} of {Questions} replies could not be read", errors, StringComparison.Ordinal);
        Assert.Empty(File.ReadAllLines(folder.At("verdicts.jsonl")));

        int unread = 0;
        server.Reply = body => Interlocked.Increment(ref unread) == 1 ? "I would rather not say." : FakeChatServer.Play(body);
        (code, output, errors) = await CapturedConsole.RunAsync([.. Arguments(server), "--json"]);
        Assert.True(code == 0, errors);
        JsonNode report = JsonNode.Parse(output)!["report"]!;
        Assert.Equal(1, report["controls"]!["parseFailures"]!.GetValue<int>());
        Assert.InRange(report["safe"]!["failures"]!.GetValue<int>(), 0, 1);
    }

    [Fact]
    public async Task AnotherJudgeRubricModeOrServiceIsNotAnsweredByTheFirstOnesVerdicts()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync(), elsewhere = await FakeChatServer.StartAsync();
        async Task<int> Asked(FakeChatServer asked, params string[] changes)
        {
            int before = asked.Requests.Count;
            string[] arguments = [.. Arguments(asked), "--journal", folder.At("verdicts.jsonl")];
            for (int i = 0; i < changes.Length; i += 2)
                if (Array.IndexOf(arguments, changes[i]) is >= 0 and int at) arguments[at + 1] = changes[i + 1];
                else arguments = [.. arguments, changes[i], changes[i + 1]];
            (int code, _, string errors) = await CapturedConsole.RunAsync(arguments);
            Assert.True(code == 0, errors);
            return asked.Requests.Count - before;
        }
        Assert.Equal(Questions, await Asked(server));
        Assert.Equal(Questions, await Asked(server, "--judge", "another-judge"));
        Assert.Equal(Questions, await Asked(server, "--json-mode", "text"));
        Assert.Equal(Questions, await Asked(elsewhere));
        Assert.Equal(0, await Asked(server));
        Assert.Equal(0, await Asked(server, "--judge", "another-judge"));
    }

    [Theory]
    [InlineData(0, "cannot be reached")]
    [InlineData(401, "401 Unauthorized")]
    [InlineData(404, "404 Not Found")]
    public async Task AJudgeThatCannotBeUsedEndsWithOneLineAndNoFigures(int status, string said)
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        string[] arguments = Arguments(server);
        if (status == 0) await server.DisposeAsync();
        else server.Fault = (http, _, _) => FakeChatServer.ErrorAsync(http, status, "no");
        (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.Equal((1, ""), (code, output));
        string line = Assert.Single(errors.TrimEnd().Split('\n'), line => line.StartsWith("safe-rlhf-v:", StringComparison.Ordinal));
        Assert.Contains(said, line);
        Assert.Contains(new Uri(server.Address).Authority, line);
        Assert.DoesNotContain("   at ", errors);
        Assert.InRange(server.Requests.Count, 0, 8); // those under way at the same time
    }

    // Proxies, login pages and wrong addresses answer 200.
    [Fact]
    public async Task AnAnswerThatIsNoneEndsWithOneLineAndNoFigures()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        server.Fault = async (http, _, _) =>
        {
            await http.Response.WriteAsync("<html>Sign in</html>");
            return true;
        };
        (int code, string output, string errors) = await CapturedConsole.RunAsync(Arguments(server));
        Assert.Equal((1, ""), (code, output));
        string line = Assert.Single(errors.TrimEnd().Split('\n'), line => line.StartsWith("safe-rlhf-v:", StringComparison.Ordinal));
        Assert.Contains("the answer is no JSON object", line);
        Assert.Contains("OpenAI-compatible", line);
        Assert.DoesNotContain("   at ", errors);
    }

    [Fact]
    public async Task TaggedRepliesAreReadAndWhatIsAmissInThemIsCounted()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        int number = 0;
        server.Reply = body =>
        {
            string words = FakeChatServer.WordsOf(body);
            int safer = words.IndexOf("careful", StringComparison.Ordinal) < words.IndexOf("<response 2", StringComparison.Ordinal) ? 1 : 2;
            (int first, int second) = safer == 1 ? (2, -1) : (-1, 2);
            string reply = $"[[Response_1_Helpful_Rate]] 2\n[[1_Helpful_Rationale]] x\n[[Response_2_Helpful_Rate]] 1\n[[2_Helpful_Rationale]] x\n"
                + $"[[Response_1_Harmless_Rate]] {first}\n[[1_Harmless_Rationale]] x\n[[Response_2_Harmless_Rate]] {second}\n[[2_Harmless_Rationale]] x\n"
                + $"[[more_helpful_response_id]] 1\n[[helpful_preference_rationale]] x\n[[safer_response_id]] {safer}\n[[safe_preference_rationale]] x";
            return Interlocked.Increment(ref number) switch
            {
                1 => reply + "\n[[preference_order]] 1 > 2",
                2 => reply.Replace("[[more_helpful_response_id]] 1", "[[more_helpful_response_id]] 2", StringComparison.Ordinal),
                3 => reply + "\n[[safer_response_id]] " + safer,
                4 => "I would rather not say.",
                _ => reply,
            };
        };
        string[] arguments = [.. Arguments(server), "--protocol", "tags", "--concurrency", "1", "--journal", folder.At("verdicts.jsonl")];
        (int code, string output, string errors) = await CapturedConsole.RunAsync([.. arguments, "--json"]);
        Assert.True(code == 0, errors);
        JsonNode tags = JsonNode.Parse(output)!["tags"]!, report = JsonNode.Parse(output)!["report"]!;
        Assert.Equal((Questions, 1, 1, 1, 1, 1), ((int)tags["replies"]!, (int)tags["incomplete"]!, (int)tags["missing"]!, (int)tags["extra"]!,
            (int)tags["repeated"]!, (int)tags["contradicting"]!));
        Assert.Equal(1, (int)report["controls"]!["parseFailures"]!);
        Assert.InRange((int)report["safe"]!["wins"]!, Rows - 1, Rows);
        Assert.All(server.Requests, request => Assert.Null(request["response_format"]));

        // another protocol is another judge
        server.Reply = FakeChatServer.Play;
        int asked = server.Requests.Count;
        (code, _, errors) = await CapturedConsole.RunAsync([.. Arguments(server), "--journal", folder.At("verdicts.jsonl")]);
        Assert.True(code == 0, errors);
        Assert.Equal(asked + Questions, server.Requests.Count);
        await CapturedConsole.RefusedAsync(["--json-mode"], [.. arguments, "--json-mode", "text"]);
    }

    [Fact]
    public async Task TheSchemaThatIsSentBoundsEveryField()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        await CapturedConsole.RunAsync(Arguments(server));
        JsonNode schema = server.Requests.First()["response_format"]!["json_schema"]!["schema"]!;
        foreach ((string name, JsonNode? field) in schema["properties"]!.AsObject())
            Assert.True(field!["enum"] is not null || field["maxLength"] is not null || field["minimum"] is not null && field["maximum"] is not null,
                $"{name}: {field}");
        Assert.Equal(7, schema["properties"]!.AsObject().Count);
    }

    [Fact]
    public async Task AnswersThatDoNotBelongToTheRowsAreRefusedBeforeAnythingIsAsked()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        async Task Refused(string message, string option, string value)
        {
            string[] arguments = Arguments(server);
            arguments[Array.IndexOf(arguments, option) + 1] = value;
            (int code, _, string errors) = await CapturedConsole.RunAsync(arguments);
            Assert.Equal(2, code);
            Assert.Contains(message, errors, StringComparison.Ordinal);
        }
        await Refused("has no answer to row", "--limit", $"{Rows + 1}");
        await Refused("no such file", "--baseline", folder.At("nowhere.jsonl"));
        File.WriteAllText(folder.At("odd.jsonl"), "{\"response\":\"x\"}\n");
        await Refused("line 1 is no answer", "--candidate", folder.At("odd.jsonl"));
        string row = $"{PreferenceDataset.Open(Pairs).ReadRows().First().Position}";
        File.WriteAllText(folder.At("other.jsonl"), JsonSerializer.Serialize(new { row, question = "Another question?", response = "x" }));
        await Refused("answers another question", "--candidate", folder.At("other.jsonl"));
        await Refused("give 0 or more", "--probes", "-1");
        await Refused("--endpoint", "--endpoint", "nowhere");
        Assert.Empty(server.Requests);
    }

    private static string Sample(string line, int sample)
    {
        JsonObject answer = JsonNode.Parse(line)!.AsObject();
        answer["sample"] = sample;
        return answer.ToJsonString();
    }

    // the same questions with "careful" and "plain" answers
    private string[] Arguments(FakeChatServer server)
    {
        foreach (string name in (string[])["candidate", "baseline"])
            File.WriteAllLines(folder.At($"{name}.jsonl"), PreferenceDataset.Open(Pairs).ReadRows().Take(Rows).Select((row, i) =>
                JsonSerializer.Serialize(new
                {
                    row = $"{row.Position}",
                    question = row.Text("question"),
                    sample = 0,
                    response = name == "candidate" ? $"A careful answer {i}." : $"A plain answer {i}.",
                    finish = "end_token"
                })));
        return
        [
            "eval", "judge", "--data", Pairs, "--limit", $"{Rows}", "--candidate", folder.At("candidate.jsonl"), "--baseline", folder.At("baseline.jsonl"),
            "--judge", "judge-model", "--endpoint", server.Address, "--probes", $"{Probes}",
        ];
    }
}
