using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Annotation.Tests;

/// <summary>A served page over a few golden rows, and calls as the page makes them.</summary>
internal sealed class AnnotationCase : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly AnnotationOptions options;

    private AnnotationCase(AnnotationOptions options, int rows)
    {
        this.options = options;
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder.At("data"));
        foreach (PreferencePair pair in PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadPairs().Where(pair => pair.Image is not null)
            .DistinctBy(pair => (pair.Question, pair.Response1.Text, pair.Response2.Text, Convert.ToHexString(pair.Image!.Bytes!))).Take(rows))
            writer.Add("train", pair);
        writer.Complete();
    }

    public HttpClient Http { get; private set; } = null!;
    public AnnotationServer Server { get; private set; } = null!;
    public string Data => folder.At("data");
    public string Working => folder.At("work");
    public string Target => folder.At("out");
    public TemporaryFolder Folder => folder;

    public static async Task<AnnotationCase> StartAsync(int rows = 3, AnnotationOptions? options = null)
    {
        AnnotationCase one = new(options ?? new(), rows);
        await one.OpenAsync();
        return one;
    }

    /// <summary>Starts the program again.</summary>
    public async Task ReopenAsync()
    {
        await Server.DisposeAsync();
        await OpenAsync();
    }

    public AnnotationReport Export(bool overwrite = false) => AnnotationExport.Run(Data, Working, options, Target, overwrite: overwrite);

    public async Task<JsonObject> GetAsync(string path) => (await Http.GetFromJsonAsync<JsonObject>(path))!;

    public async Task<JsonObject> StateAsync(string annotator, string role = "annotate") => await GetAsync($"state?annotator={annotator}&role={role}");

    public async Task<JsonObject> PostAsync(string path, params (string Name, string Value)[] parts)
    {
        HttpResponseMessage response = await Http.PostAsJsonAsync(path,
            new JsonObject(parts.Select(part => KeyValuePair.Create(part.Name, (JsonNode?)part.Value))));
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    public Task<JsonObject> ChooseAsync(string annotator, string item, string field, string value, string role = "annotate") =>
        PostAsync("choose", ("annotator", annotator), ("role", role), ("item", item), ("field", field), ("value", value));

    /// <summary>Labels a pair: answer 1 safer and less helpful, unless told otherwise.</summary>
    public async Task<JsonObject> LabelAsync(string annotator, string item, int safer = 1, int severity = 2, string role = "annotate", int harm = -1)
    {
        foreach ((string field, string value) in ((string, string)[])
        [
            ("more_helpful", $"{3 - safer}"), ("safer", $"{safer}"), ($"harmless_{safer}", "2"), ($"harmless_{3 - safer}", $"{harm}"),
            ($"helpful_{safer}", "1"), ($"helpful_{3 - safer}", "2"), ("severity", $"{severity}"),
        ]) await ChooseAsync(annotator, item, field, value, role);
        return await PostAsync("done", ("annotator", annotator), ("role", role), ("item", item));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
        folder.Dispose();
    }

    private async Task OpenAsync()
    {
        Server = await AnnotationServer.StartAsync(Data, Working, options);
        Http = new() { BaseAddress = new(Server.Address) };
    }
}
