using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary>Where a verb writes: results to stdout, progress and notes to stderr; with --json one document on stdout and nothing else there.</summary>
internal static class Output
{
    private const int RedirectedWidth = 200;

    private static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    private static readonly AsyncLocal<TextWriter?> Captured = new();

    private static readonly JsonSerializerOptions LineOptions = new(JsonOptions) { WriteIndented = false };

    /// <summary>The option that every verb has.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON document on stdout and nothing else there." };

    /// <summary>Where results go in this flow of calls, in place of stdout: a verb that runs others keeps what they print. Null = stdout.</summary>
    public static TextWriter? Capture
    {
        set => Captured.Value = value;
    }

    /// <summary>Whether another verb runs this one.</summary>
    public static bool IsCaptured => Captured.Value is not null;

    private static TextWriter Results => Captured.Value ?? Console.Out;

    /// <summary>Styled text for people, on stdout. In a file or a pipe lines are wide, so that tables do not break their words.</summary>
    public static IAnsiConsole People
    {
        get
        {
            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Results) });
            if (Captured.Value is not null || Console.IsOutputRedirected) console.Profile.Width = RedirectedWidth;
            return console;
        }
    }

    /// <summary>Progress and notes, on stderr.</summary>
    public static IAnsiConsole Progress => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Writes the one JSON document.</summary>
    public static void Json<T>(T document) => Results.WriteLine(JsonText(document));

    /// <summary>What a verb printed with --json, read back.</summary>
    /// <exception cref="JsonException">It is not of that form.</exception>
    public static T Read<T>(JsonElement document) => document.Deserialize<T>(JsonOptions)!;

    /// <summary>A document as it is printed.</summary>
    public static string JsonText<T>(T document) => JsonSerializer.Serialize(document, JsonOptions);

    /// <summary>A document as one line, for JSONL files.</summary>
    public static string JsonLine<T>(T document) => JsonSerializer.Serialize(document, LineOptions);

    /// <summary>A model's text: on a terminal without control characters, which could move its cursor or set its title.</summary>
    public static string Foreign(string text) => Console.IsOutputRedirected
        ? text
        : string.Concat(text.Where(character => character is '\n' or '\t' || !char.IsControl(character)));

    /// <summary>A piece of a model's text on stdout, shown at once.</summary>
    public static void Piece(string text)
    {
        Results.Write(Foreign(text));
        Results.Flush();
    }

    /// <summary>One plain line on stdout.</summary>
    public static void Line(string text) => Results.WriteLine(text);

    /// <summary>One plain line on stderr.</summary>
    public static void Note(string text) => Console.Error.WriteLine(text);
}
