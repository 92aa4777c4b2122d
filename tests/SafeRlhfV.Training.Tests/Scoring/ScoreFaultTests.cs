using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Training.Tests;

/// <summary>What classification servers do wrong, and what becomes of the run.</summary>
public sealed class ScoreFaultTests(UndisturbedScores undisturbed) : IClassFixture<UndisturbedScores>
{
    private readonly TinyRecipes tiny = undisturbed.Tiny;

    private const string Classify = "/classify";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Passing => new("503", "cut", "engine dead", "asleep", "dead from the start", "garbled");

    /// <summary>With a second server of the same model at hand, the run ends in the numbers of an undisturbed one.</summary>
    [Theory, MemberData(nameof(Passing))]
    public async Task AnotherServerTakesOver(string fault)
    {
        IReadOnlyList<IReadOnlyDictionary<string, double>> expected = undisturbed.Metrics;
        await using ServedPpo ppo = new(tiny);
        FakeClassifier bad = ppo.StartScores("reward"), good = ppo.StartScores("reward");
        ppo.StartScores("cost");
        int scored = 0;
        bad.IsAsleep = fault == "asleep";
        bad.Fault = async (http, path, _, _) =>
        {
            if (path == Classify) scored++;
            if (scored < 17 && fault != "dead from the start") return false;
            return await FailAsync(bad, http, path, fault);
        };
        Notes notes = new();
        Same(expected, ServedPpo.Run(ppo.Recipe("ppo", $"faults/{fault}", UndisturbedScores.Rounds, "scoring.timeout_seconds=2", "scoring.concurrency=2"),
            Cancel, notes));
        Assert.True(good.Asked.Count(path => path == Classify) > 16);
        Assert.Contains(notes.All, note => note.Contains("left out", StringComparison.Ordinal));
    }

    /// <summary>A server that comes back is compared again before it is used: it may serve something else now.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AServerThatComesBackIsComparedAgain(bool isAnother)
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier server = ppo.StartScores("reward");
        ppo.StartScores("reward");
        ppo.StartScores("cost");
        int rounds = 0, probed = 0;
        server.Fault = (_, path, _, _) =>
        {
            if (path == "/tokenize") probed++;
            return Task.FromResult(false);
        };
        Recipe recipe = ppo.Recipe("ppo", $"back/{isAnother}", "training.rounds=4", "scoring.concurrency=1");
        Steps steps = new(() =>
        {
            rounds++;
            server.IsDead = rounds == 1; // in the second round
            if (rounds > 1 && isAnother) server.Scores.Off = 0.5;
        });
        if (!isAnother)
        {
            ServedPpo.Run(recipe, Cancel, steps);
            Assert.True(probed > 17, $"{probed} prompts were compared");
            return;
        }
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => ServedPpo.Run(recipe, Cancel, steps));
        Assert.Contains("our own pass of", error.Message, StringComparison.Ordinal);
        // what was finished is saved
        Assert.True(TrainingRun.NewestCheckpoint(recipe.Run.Folder)!.Value.Step >= 2);
    }

    /// <summary>The run is refused in one line that names the row, both numbers and the tolerance.</summary>
    [Fact]
    public async Task ScoresThatAreNotOurOwnAreRefused()
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier[] scorers = ppo.StartScores();
        scorers[1].Scores.Off = 0.01;
        string message = Refused(ppo, "off", "scoring.probe_tolerance=0.005");
        Assert.Matches(@"^scoring\.cost: http://127\.0\.0\.1:\d+ scores .*: row \d+ with -?[\d.E-]+, and our own pass of .*cost gives -?[\d.E-]+; "
            + @"they may differ by 0\.005 \(scoring\.probe_tolerance\)", message);
        Assert.DoesNotContain('\n', message);
        // nothing was sampled before
        Assert.DoesNotContain(scorers, scorer => scorer.Asked.Count(path => path == Classify) > 16);
        ServedPpo.Run(ppo.Recipe("ppo", "off/allowed", "training.rounds=1", "scoring.probe_tolerance=0.02"), Cancel);
    }

    /// <summary>Two models in each other's place are found, and a prompt that the server writes otherwise.</summary>
    [Theory]
    [InlineData("swapped", "our own pass of")]
    [InlineData("tokens", "the server's prompt differs from ours at token 3")]
    public async Task AnotherModelOrTemplateIsRefused(string fault, string said)
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier[] scorers = ppo.StartScores();
        string[] sets = fault == "swapped"
            ? [$"scoring.reward.endpoints=[{scorers[1].Address}]", $"scoring.cost.endpoints=[{scorers[0].Address}]"] : [];
        if (fault == "tokens") scorers[0].Tamper = (path, reply) =>
        {
            if (path == "/tokenize") reply["tokens"]![3] = 0;
        };
        Assert.Contains(said, Refused(ppo, fault, sets), StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Errors => new()
    {
        { "model name", "the reply is of model 'other', and 'rm' was asked" },
        { "two results", "the reply has 2 results for one text" },
        { "two labels", "gives 2 scores a text, and" },
        { "null", "a score is not a finite number" },
        { "NaN", "a score is not a finite number" },
        { "tokens", "the server's text has 1 tokens, and ours" },
        { "no data", "the answer cannot be read" },
        { "too long", "This model's maximum context length is 1024 tokens" },
        { "unknown model", "The model `nobody` does not exist." },
        { "no route", "404 Not Found" },
    };

    /// <summary>A reply that holds no score of the text is an error with a name, not a number.</summary>
    [Theory, MemberData(nameof(Errors))]
    public async Task WhatIsNoScoreOfTheTextIsAnError(string fault, string said)
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier[] scorers = ppo.StartScores();
        string[] sets = fault == "unknown model" ? ["scoring.reward.model=nobody"] : [];
        scorers[0].HasTokenize = fault != "unknown model";
        scorers[0].Tamper = (path, reply) =>
        {
            if (path == Classify) Change(reply, fault);
        };
        scorers[0].Fault = async (http, path, _, _) =>
        {
            if (path != Classify || fault is not ("NaN" or "too long" or "no route")) return false;
            if (fault == "NaN") await http.Response.Body.WriteAsync("""{"model":"rm","data":[{"index":0,"probs":[NaN],"num_classes":1}]}"""u8.ToArray());
            else if (fault == "no route") await FakeServer.SendAsync(http, 404, new JsonObject { ["detail"] = "Not Found" });
            else await FakeServer.SendAsync(http, 400, FakeVllmReplies.TooLong(1024));
            return true;
        };
        Recipe recipe = ppo.Recipe("ppo", $"errors/{fault}", ["scoring.retries=0", .. sets]);
        ServiceException error = Assert.Throws<ServiceException>(() => ServedPpo.Run(recipe, Cancel));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(fault == "too long" ? "http://" : "scoring.reward", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>A server without /tokenize is used all the same, and that is told.</summary>
    [Fact]
    public async Task WithoutTokenizeNumbersAreComparedAlone()
    {
        await using ServedPpo ppo = new(tiny);
        foreach (FakeClassifier scorer in ppo.StartScores()) scorer.HasTokenize = false;
        Notes notes = new();
        ServedPpo.Run(ppo.Recipe("ppo", "tokenize", "training.rounds=1"), Cancel, notes);
        Assert.Contains(notes.All, note => note.Contains("has no /tokenize", StringComparison.Ordinal));
    }

    /// <summary>Without a server the finished rounds are saved; mended, the run goes on and ends as if nothing had been.</summary>
    [Fact]
    public async Task WithoutAServerTheFinishedRoundsAreSaved()
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier[] scorers = ppo.StartScores();
        Recipe recipe = ppo.Recipe("ppo", "none-left", UndisturbedScores.Rounds, "scoring.retries=0");
        Steps steps = new(() => scorers[0].IsDead = true);
        ServiceException error = Assert.Throws<ServiceException>(() => ServedPpo.Run(recipe, Cancel, steps));
        Assert.Contains("scoring.reward.endpoints: no server is left", error.Message, StringComparison.Ordinal);
        Assert.Contains("EngineCore", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, TrainingRun.NewestCheckpoint(recipe.Run.Folder)!.Value.Step);
        scorers[0].IsDead = false;
        Same(undisturbed.Metrics, ServedPpo.Run(recipe, Cancel, resume: true));
    }

    /// <summary>Replies that come in any order go to their own responses.</summary>
    [Fact]
    public async Task RepliesMayComeInAnyOrder()
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier[] scorers = ppo.StartScores();
        scorers[0].Fault = async (_, path, _, number) =>
        {
            if (path == Classify) await Task.Delay(200 - number * 37 % 200, Cancel);
            return false;
        };
        Same(undisturbed.Metrics, ServedPpo.Run(ppo.Recipe("ppo", "order", UndisturbedScores.Rounds), Cancel));
    }

    [Theory]
    [InlineData("ppo", "scoring.reward.endpoints=[]", "scoring.reward.endpoints")]
    [InlineData("ppo", "scoring.cost.endpoints=[somewhere]", "must be an address")]
    [InlineData("ppo", "scoring.cost=", "the servers of model.cost")]
    [InlineData("ppo", "scoring.both.endpoints=[http://127.0.0.1:1]", "is for one model of both scores")]
    [InlineData("ppo", "scoring.server=sglang", "vllm")]
    [InlineData("ppo", "scoring.top_p=1", "top_p")]
    [InlineData("ppo", "scoring.probe_rows=0", "probe_rows")]
    [InlineData("ppo", "scoring.key_variable=SAFERLHFV_NO_SUCH_VARIABLE", "is not set")]
    [InlineData("ppo-backbone", "training.seed=5", "with model.sharing: backbone")]
    [InlineData("ppo-joint", "training.seed=5", "name its servers as scoring.both alone")]
    public void ARecipeThatCannotBeIsRefused(string name, string set, string said) =>
        Assert.Contains(said, Assert.Throws<InvalidInputException>(() => tiny.Recipe(name, "x", "scoring.reward.endpoints=[http://127.0.0.1:1]",
            "scoring.cost.endpoints=[http://127.0.0.1:1]", set)).Message, StringComparison.Ordinal);

    private static string Refused(ServedPpo ppo, string run, params string[] sets) =>
        Assert.Throws<InvalidInputException>(() => ServedPpo.Run(ppo.Recipe("ppo", $"refused/{run}", sets), Cancel)).Message;

    private static void Change(JsonObject reply, string fault)
    {
        JsonArray data = reply["data"]!.AsArray();
        switch (fault)
        {
            case "model name": reply["model"] = "other"; break;
            case "two results":
                data.Add(data[0]!.DeepClone());
                data[1]!["index"] = 1;
                break;
            case "two labels":
                data[0]!["probs"]!.AsArray().Add(0.5);
                data[0]!["num_classes"] = 2;
                break;
            case "null": data[0]!["probs"]![0] = null; break;
            case "tokens": reply["usage"]!["prompt_tokens"] = 1; break;
            case "no data": reply.Remove("data"); break;
        }
    }

    private static async Task<bool> FailAsync(FakeClassifier server, HttpContext http, string path, string fault)
    {
        switch (fault)
        {
            case "503" when path == Classify: await FakeServer.SendAsync(http, 503, null); return true;
            case "garbled" when path == Classify: await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes("<html>")); return true;
            case "cut" or "dead from the start":
                server.IsDead = true;
                http.Abort();
                return true;
            case "engine dead": server.IsDead = true; return false;
            default: return false;
        }
    }

    private static void Same(IReadOnlyList<IReadOnlyDictionary<string, double>> expected, IReadOnlyList<IReadOnlyDictionary<string, double>> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((IReadOnlyDictionary<string, double> was, IReadOnlyDictionary<string, double> now) in expected.Zip(actual))
            Assert.All(was, metric => Assert.True(metric.Value == now[metric.Key], $"{metric.Key}: {now[metric.Key]:R}, undisturbed {metric.Value:R}"));
    }

    private sealed class Steps(Action done) : IProgress<TrainingProgress>
    {
        private long last;

        public void Report(TrainingProgress value)
        {
            if (value.Done <= last) return;
            last = value.Done;
            done();
        }
    }
}
