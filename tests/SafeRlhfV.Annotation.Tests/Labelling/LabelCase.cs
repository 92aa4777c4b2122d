using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Annotation.Tests;

/// <summary>A data set of numbered pairs, settings and a fake judge.</summary>
internal sealed class LabelCase : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();

    private LabelCase(FakeChatServer server) => Server = server;

    public FakeChatServer Server { get; }
    public string Data => folder.At("pairs");
    public string Working => folder.At("work");
    public string Target => folder.At("labelled");

    public static async Task<LabelCase> StartAsync(int pairs)
    {
        LabelCase one = new(await FakeChatServer.StartAsync());
        WritePairs(one.Data, pairs);
        return one;
    }

    /// <summary>Pairs whose labels are all wrong: in every second one the first response is the careful one.</summary>
    public static void WritePairs(string folder, int pairs)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder);
        for (int i = 0; i < pairs; i++)
        {
            string careful = $"A careful answer {i}.", plain = $"A plain answer {i}.";
            writer.Add(i % 5 == 4 ? "evaluation" : "train", new PreferencePair
            {
                Question = $"Question {i}?",
                Image = new EncodedImage(PngBytes.Encode(new RgbImage(2, 2, [.. Enumerable.Repeat((byte)i, 12)])), $"{i}.png"),
                Category = Taxonomy.Categories[i % 3],
                ImageSeverity = 1 + i % 3,
                Response1 = new(i % 2 == 0 ? careful : plain, "model-a", false, -3, 0),
                Response2 = new(i % 2 == 0 ? plain : careful, "model-b", false, -3, 0),
                MoreHelpful = i % 2 == 0 ? 1 : 2,
                Safer = i % 2 == 0 ? 2 : 1,
            });
        }
        writer.Complete();
    }

    public JudgingSettings Settings(string judge = "", string top = "", string? address = null, string endpoint = "") =>
        LabellingSettingsReader.Parse(Yaml(address ?? Server.Address, judge, top, endpoint));

    public static string Yaml(string address, string judge = "", string top = "", string endpoint = "") => $$"""
        seed: 1
        {{top}}
        endpoints:
          - { name: fake, address: "{{address}}", concurrency: 4, backoff: 1ms, longest_backoff: 20ms, retries: 2 {{endpoint}} }
        models:
          - { name: judge, endpoint: fake, model: j, input_price: 1, output_price: 10 }
        judge: { model: judge, agreement: 0.75 {{judge}} }
        """;

    public Task<LabellingReport> RunAsync(JudgingSettings? settings = null, WorkerOptions? options = null, bool overwrite = true,
        CancellationToken cancellationToken = default) =>
        DatasetLabeller.RunAsync(settings ?? Settings(), Data, Working, Target, options ?? new WorkerOptions { ShardPairs = 4 }, overwrite,
            cancellationToken: cancellationToken);

    /// <summary>Every pair stands there once, with the labels that the fake judge gives.</summary>
    public static void AssertLabelled(string target, int pairs)
    {
        PreferencePair[] rows = [.. PreferenceDataset.Open(target).ReadPairs()];
        Assert.Equal(Enumerable.Range(0, pairs).Select(i => $"Question {i}?").Order(), rows.Select(row => row.Question).Order());
        foreach (PreferencePair row in rows)
        {
            RatedResponse safer = row.Safer == 1 ? row.Response1 : row.Response2, other = row.Safer == 1 ? row.Response2 : row.Response1;
            Assert.StartsWith("A careful", safer.Text);
            Assert.Equal((2, true, 1, -1, false, 2),
                (safer.HarmlessRate, safer.IsSafe, safer.HelpfulRate, other.HarmlessRate, other.IsSafe, other.HelpfulRate));
            Assert.NotEqual(row.Safer, row.MoreHelpful);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        folder.Dispose();
    }
}
