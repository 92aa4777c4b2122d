using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// What is sent on a wire, in turn: one text for the keyword guard; for a guard's checkpoint the built-in world's harmless questions with their images. Counts
/// what came of it.
/// </summary>
internal sealed class Load
{
    private const string Question = "What is shown in this image, and is it well?";
    private const int Prompts = 64;
    private readonly byte[][] wholes, streams;
    private int next, whole, failed, withheld;

    public Load(BenchWire wire, bool hasImages)
    {
        Wire = wire;
        (string Text, string? Image)[] prompts = hasImages
            ? [.. new World(0).TestPrompts(10 * Prompts).Where(prompt => !prompt.IsRisky).Take(Prompts).Select(prompt => (prompt.Text, ImageOf(prompt)))]
            : [(Question, null)];
        wholes = [.. prompts.Select(prompt => wire.Body(prompt.Text, prompt.Image, stream: false))];
        streams = [.. prompts.Select(prompt => wire.Body(prompt.Text, prompt.Image, stream: true))];
    }

    public BenchWire Wire { get; }

    /// <summary>Answers that came whole and passed.</summary>
    public int Whole => whole;

    /// <summary>Requests without an answer, or with an error or a broken one.</summary>
    public int Failed => failed;

    /// <summary>Answers that the guard did not let pass.</summary>
    public int Withheld => withheld;

    public byte[] Next(bool stream)
    {
        byte[][] bodies = stream ? streams : wholes;
        return bodies[(uint)Interlocked.Increment(ref next) % bodies.Length];
    }

    /// <summary>Sends a whole request, and counts what comes of it.</summary>
    /// <returns>Whether it was answered.</returns>
    public async Task<bool> AskAsync(HttpClient http, string address)
    {
        try
        {
            using HttpResponseMessage response = await SendAsync(http, address, stream: false, HttpCompletionOption.ResponseContentRead);
            if (response.IsSuccessStatusCode)
            {
                Interlocked.Increment(ref Passes(response) ? ref whole : ref withheld);
                return true;
            }
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            // counted as the others that failed
        }
        Interlocked.Increment(ref failed);
        return false;
    }

    /// <summary>Sends a streamed request and reads the stream.</summary>
    /// <returns>Whether it came whole.</returns>
    public async Task<bool> StreamAsync(HttpClient http, string address)
    {
        try
        {
            using HttpResponseMessage response = await SendAsync(http, address, stream: true, HttpCompletionOption.ResponseHeadersRead);
            return response.IsSuccessStatusCode && Wire.IsWhole(await response.Content.ReadAsStringAsync());
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient http, string address, bool stream, HttpCompletionOption option)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, address + Wire.Path) { Content = new ByteArrayContent(Next(stream)) };
        request.Content.Headers.ContentType = new("application/json");
        return await http.SendAsync(request, option);
    }

    private static bool Passes(HttpResponseMessage response) =>
        !response.Headers.TryGetValues("x-guard-outcome", out IEnumerable<string>? outcomes) || outcomes.Single() == "Passed";

    private static string ImageOf(WorldPrompt prompt) => "data:image/png;base64," + Convert.ToBase64String(PngBytes.Encode(prompt.Image));
}
