using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Annotation.Tests;

/// <summary>A few images, settings and a fake service.</summary>
internal sealed class MakingCase : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();

    private MakingCase(FakeChatServer server) => Server = server;

    public FakeChatServer Server { get; }
    public string Images => folder.At("images");
    public string Working => folder.At("work");
    public string Target => folder.At("made");

    public static async Task<MakingCase> StartAsync(int images = 3)
    {
        MakingCase one = new(await FakeChatServer.StartAsync());
        Directory.CreateDirectory(Path.Combine(one.Images, "animal_abuse"));
        for (int i = 0; i < images; i++) File.WriteAllBytes(Path.Combine(one.Images, i == 0 ? "animal_abuse" : ".", $"{i}.png"), Image(i));
        return one;
    }

    /// <summary>Different small images.</summary>
    public static byte[] Image(int number) =>
        PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadRows().Select(row => row.Image?.Bytes).OfType<byte[]>().DistinctBy(Convert.ToHexString)
        .Where(bytes => ImageHeader.Read(bytes)?.Format is "PNG" or "JPEG").ElementAt(number);

    public MakingSettings Settings(string endpoint = "", string questions = "", string judge = "", string top = "", int repeats = 2, string? address = null,
        int concurrency = 4) =>
        MakingSettingsReader.Parse($$"""
        seed: 1
        {{top}}
        endpoints:
          - { name: fake, address: "{{address ?? Server.Address}}", concurrency: {{concurrency}}, backoff: 1ms, longest_backoff: 20ms, retries: 4 {{endpoint}} }
        models:
          - { name: asker, endpoint: fake, model: q, input_price: 1, output_price: 10 }
          - { name: model-a, endpoint: fake }
          - { name: model-b, endpoint: fake }
          - { name: judge, endpoint: fake, model: j }
        questions: { model: asker, categories: [ false_information ], severities: [ 1, 3 ] {{questions}} }
        answers: { models: [ model-a, model-b ] }
        judge: { model: judge, repeats: {{repeats}} {{judge}} }
        """);

    public Task<MakingReport> RunAsync(MakingSettings settings, CancellationToken cancellationToken = default, TimeProvider? clock = null) =>
        DatasetMaker.RunAsync(settings, Images, Working, Target, overwrite: true, clock: clock, cancellationToken: cancellationToken);

    public string[] Audit() => File.ReadAllLines(Path.Combine(Working, "audit.jsonl"));

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        folder.Dispose();
    }
}
