using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.AI;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Bench.Tests;

/// <summary>
/// A benchmark made of the built-in world, answered by six policies of the grammar, scored by a guard and a judge that are wrong or unreadable now and then:
/// every pair of policies that differs beyond the interval by the exact rater is ordered alike, in safety and in helpfulness.
/// </summary>
public sealed class WorldBenchmarkTests : IDisposable
{
    private const int Prompts = 160, Seed = 5;
    private const double Wrong = 0.08, Unreadable = 0.05;

    // the share of answers that comply; the others refuse, or say what is safe instead
    private static readonly (string Name, double Complies, AnswerStyle Else)[] Policies =
    [
        ("bold", 1, AnswerStyle.BareRefusal), ("mostly", 0.75, AnswerStyle.SafeAlternative), ("half", 0.5, AnswerStyle.Redirect),
        ("half again", 0.5, AnswerStyle.Redirect), ("careful", 0.2, AnswerStyle.SafeAlternative), ("shy", 0, AnswerStyle.BareRefusal),
    ];

    private readonly TemporaryFolder folder = new();
    private readonly World world = new(Seed);
    private readonly IBenchmark benchmark = BenchmarkList.All.Find("beavertails-v")!;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task EveryClearPairIsOrderedAsTheExactRaterDoes()
    {
        string data = folder.At("data");
        WorldDataset.Write(data, world.TrainingPairs(2).Select(pair => pair.Row), world.HeldOutPairs(Prompts).Select(pair => pair.Row),
            cancellationToken: TestContext.Current.CancellationToken);
        BenchmarkItem[] items = [.. benchmark.Read(new BenchmarkFiles(benchmark, data, wants: benchmark.IsUsual), subset: false)];
        Dictionary<string, WorldPrompt> prompts = PreferenceDataset.Open(data).ReadRows(WorldDataset.Evaluation)
            .ToDictionary(row => $"{row.Position}", row => world.FindPrompt(row.Image!.Path)!);
        Dictionary<string, WorldPrompt> shown = items.ToDictionary(item => Key(item.ShownImages[0].Bytes!, item.QuestionText), item => prompts[item.Id]);
        Assert.True(items.Length > 120);
        Dictionary<string, string[]> answers = Policies.ToDictionary(policy => policy.Name, policy => Answer(policy, items, prompts));
        Dictionary<string, OracleRating[]> rated = answers.ToDictionary(one => one.Key,
            one => items.Select((item, i) => Oracle.Rate(prompts[item.Id], one.Value[i])).ToArray());
        Dictionary<string, double> unsafeRates = [];
        GuardScorer guard = new(new NoisyGuard(shown), "v1");
        foreach (string name in answers.Keys) unsafeRates[name] = await MeasureAsync(items, data, name, null, guard, "attack_success");

        int clear = 0;
        foreach ((string first, string second) in from i in Enumerable.Range(0, Policies.Length)
                                                  from j in Enumerable.Range(i + 1, Policies.Length - i - 1)
                                                  select (Policies[i].Name, Policies[j].Name))
        {
            void Hold(string axis, Func<OracleRating, OracleRating, int> compare, double measured)
            {
                int[] outcomes = [.. rated[first].Zip(rated[second], compare)];
                Estimate difference = Proportion.Difference(outcomes.Count(one => one > 0), outcomes.Count(one => one < 0), outcomes.Length);
                if (difference is { Low: <= 0, High: >= 0 }) return;
                clear++;
                Assert.True(Math.Sign(measured) == Math.Sign(difference.Value), $"{axis}, {first} and {second}: rated {difference}, measured {measured}");
            }
            Hold("unsafe", (one, other) => other.IsSafe.CompareTo(one.IsSafe), unsafeRates[first] - unsafeRates[second]);
            JudgeScorer judge = new(new NoisyJudge(shown), "oracle", "helpfulness-pair");
            Hold("helpful", (one, other) => one.Helpfulness.CompareTo(other.Helpfulness),
                await MeasureAsync(items, data, first, second, judge, "win_rate_ties_half") - 0.5);
        }
        Assert.InRange(clear, 20, 29); // two policies are one
    }

    private async Task<double> MeasureAsync(BenchmarkItem[] items, string data, string name, string? other, AnswerScorer scorer, string figure)
    {
        using VerdictJournal journal = new(folder.At($"{name} {other} verdicts.jsonl"), []);
        BenchmarkRun run = await BenchmarkRun.ScoreAsync(benchmark, new BenchmarkFiles(benchmark, data), items, AnswerSet.Read(folder.At(name)),
            other is null ? null : AnswerSet.Read(folder.At(other)), [scorer], journal, null, TestContext.Current.CancellationToken);
        ScorerResult result = Assert.Single(run.Scorers);
        Assert.InRange(result.Count(VerdictStatus.Unparsed), 1, result.Verdicts.Count / 10);
        return result.Figures.Single(one => one.Name == figure && one.By.Count == 0).Value;
    }

    private string[] Answer((string Name, double Complies, AnswerStyle Else) policy, BenchmarkItem[] items, Dictionary<string, WorldPrompt> prompts)
    {
        RandomStream random = new(Seed, $"policy/{policy.Name}");
        string[] answers = [.. items.Select(item => Responder.Answer(prompts[item.Id], random.Chance(policy.Complies) ? AnswerStyle.Comply : policy.Else,
            rich: false, random))];
        Directory.CreateDirectory(folder.At(policy.Name));
        File.WriteAllLines(folder.At(policy.Name, "answers.jsonl"), items.Zip(answers, (item, answer) =>
            JsonSerializer.Serialize(new ModelAnswer(item.Id, 0, item.QuestionText, answer))));
        return answers;
    }

    private static string Key(ReadOnlySpan<byte> image, string question) => $"{Convert.ToHexString(SHA256.HashData(image))} {question}";

    // the same text gets the same mistake, whoever wrote it
    private static bool? Mistakes(string text, bool truth)
    {
        RandomStream random = new(Seed, $"mistake/{text}");
        return random.Chance(Unreadable) ? null : random.Chance(Wrong) ? !truth : truth;
    }

    private sealed class NoisyGuard(Dictionary<string, WorldPrompt> shown) : IModerator
    {
        public string Name => "noisy";

        public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
            Task.FromResult<IReadOnlyList<Verdict>>([.. requests.Select(Judge)]);

        private Verdict Judge(ModerationRequest request)
        {
            string key = Key(request.Images[0].Encoded!.Bytes!, request.Question);
            return Mistakes($"{key} {request.Response}", Oracle.Rate(shown[key], request.Response!).IsSafe) switch
            {
                null => Verdict.Failed(Name, "unreadable"),
                true => Verdict.Safe(Name),
                false => Verdict.Unsafe(Name, Severity.Minor, []),
            };
        }
    }

    private sealed class NoisyJudge(Dictionary<string, WorldPrompt> shown) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            ChatMessage asked = messages.Last();
            string[] texts = [.. asked.Text.Split('\n').Index().Where(line => line.Index % 3 == 1).Select(line => line.Item)];
            WorldPrompt prompt = shown[Key(asked.Contents.OfType<DataContent>().Single().Data.Span, texts[0])];
            int better = Oracle.Rate(prompt, texts[1]).Helpfulness.CompareTo(Oracle.Rate(prompt, texts[2]).Helpfulness);
            bool? first = Mistakes(asked.Text, better > 0);
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant,
                first is null ? "Hard to say." : better == 0 ? "[[C]]" : first.Value ? "[[A]]" : "[[B]]")));
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
