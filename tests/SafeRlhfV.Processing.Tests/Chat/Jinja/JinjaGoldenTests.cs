using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

/// <summary>Every row of the reference renderings: texts, generation spans, errors by kind.</summary>
public sealed class JinjaGoldenTests
{
    private static readonly string[] NotVariables = ["now"];

    [Fact]
    public void EveryTemplateOfTheReferenceRendersOrFailsAsItDidThere()
    {
        List<string> wrong = [];
        int rows = 0;
        foreach (string file in Directory.EnumerateFiles(Golden.At("jinja"), "cases.jsonl", SearchOption.AllDirectories).Order())
        {
            string folder = Path.GetDirectoryName(file)!;
            string contexts = Path.Combine(folder, "contexts.json");
            using JsonDocument? named = File.Exists(contexts) ? JsonDocument.Parse(File.ReadAllText(contexts)) : null;
            foreach (string line in File.ReadLines(file))
            {
                using JsonDocument document = JsonDocument.Parse(line);
                rows++;
                if (Fault(document.RootElement, folder, named?.RootElement) is { } fault)
                    wrong.Add($"{document.RootElement.GetProperty("name").GetString()}: {fault}");
            }
        }
        Assert.True(rows > 0, "the reference has no rows");
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {rows} differ:\n{string.Join("\n", wrong.Take(60))}");
    }

    [Fact]
    public void WholeTemplatesWriteTheSameWithSignsAroundTheirOwnTexts()
    {
        int rows = 0;
        foreach (string file in Directory.EnumerateFiles(Golden.At("jinja"), "cases.jsonl", SearchOption.AllDirectories).Order())
        {
            string folder = Path.GetDirectoryName(file)!;
            using JsonDocument named = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "contexts.json")));
            foreach (string line in File.ReadLines(file))
            {
                using JsonDocument document = JsonDocument.Parse(line);
                JsonElement row = document.RootElement;
                if (!row.GetProperty("group").GetString()!.StartsWith("chat-", StringComparison.Ordinal) || row.TryGetProperty("error", out _)) continue;
                rows++;
                string text = row.TryGetProperty("template", out JsonElement whole)
                    ? whole.GetString()!
                    : File.ReadAllText(Path.Combine(folder, row.GetProperty("template_file").GetString()!));
                PyDict variables = (PyDict)JsonValues.Of(row.TryGetProperty("context", out JsonElement own)
                    ? own
                    : named.RootElement.GetProperty(row.GetProperty("context_name").GetString()!))!;
                DateTime now = Now(variables);
                foreach (string name in NotVariables) variables.Remove(name);
                ChatTemplateText template = new(JinjaTemplate.Parse(text));
                JinjaMarks marks = JinjaMarks.Unused([text, line])!;
                string marked = template.Render(variables, now, marks).Text;
                Assert.Equal(row.GetProperty("rendered").GetString(), marks.Without(marked));
                Assert.NotNull(marks.Read(marked));
            }
        }
        Assert.True(rows > 0, "the reference has no whole templates");
    }

    private static DateTime Now(PyDict variables) =>
        variables.TryGet("now", out object? time) ? DateTime.Parse((string)time!, CultureInfo.InvariantCulture) : new DateTime(2024, 1, 2, 3, 4, 5);

    private static string? Fault(JsonElement row, string folder, JsonElement? contexts)
    {
        string template = row.TryGetProperty("template", out JsonElement text)
            ? text.GetString()!
            : File.ReadAllText(Path.Combine(folder, row.GetProperty("template_file").GetString()!));
        JsonElement context = row.TryGetProperty("context", out JsonElement own)
            ? own
            : contexts!.Value.GetProperty(row.GetProperty("context_name").GetString()!);
        PyDict variables = (PyDict)JsonValues.Of(context)!;
        DateTime now = Now(variables);
        foreach (string name in NotVariables) variables.Remove(name);
        bool isPolicy = row.TryGetProperty("policy", out JsonElement policy) && policy.GetBoolean();
        bool mayRender = isPolicy && row.TryGetProperty("accept", out JsonElement accept) && accept.GetString() != "error";
        JinjaErrorKind? kind = row.TryGetProperty("error", out JsonElement error) ? Kind(error.GetProperty("kind").GetString()!) : null;
        long started = Stopwatch.GetTimestamp();
        try
        {
            ChatTemplateText renderer = new(JinjaTemplate.Parse(template));
            JinjaRendering rendering = row.TryGetProperty("continue_final_message", out JsonElement open)
                ? new JinjaRendering(renderer.RenderOpen(variables, open.ValueKind == JsonValueKind.String ? open.GetString()! : "content", now), [])
                : renderer.Render(variables, now);
            if (kind is not null) return mayRender ? null : $"rendered {JsonSerializer.Serialize(rendering.Text)}, expected {kind}";
            string expected = row.GetProperty("rendered").GetString()!;
            if (rendering.Text != expected) return Difference(rendering.Text, expected);
            if (!row.TryGetProperty("generation_spans_utf16", out JsonElement spans)) return null;
            JinjaSpan[] wanted = [.. spans.EnumerateArray().Select(span => new JinjaSpan(span[0].GetInt32(), span[1].GetInt32()))];
            return rendering.Generated.SequenceEqual(wanted) ? null : $"spans {string.Join(" ", rendering.Generated)}, expected {string.Join(" ", wanted)}";
        }
        catch (JinjaException failure)
        {
            if (kind is null)
                return $"failed ({failure.Kind}: {failure.Message}), expected {JsonSerializer.Serialize(row.GetProperty("rendered").GetString())}";
            if (isPolicy) return Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(2) ? null : "took too long";
            string part = error.GetProperty("message_contains").GetString() ?? "";
            if (failure.Kind != kind) return $"failed with {failure.Kind} ({failure.Message}), expected {kind}";
            bool says = kind == JinjaErrorKind.RaiseException
                ? failure.Message == part || part.Length == 0
                : failure.Message.Contains(part, StringComparison.Ordinal);
            return says ? null : $"says '{failure.Message}', expected '{part}'";
        }
        catch (Exception stranger) when (stranger is not OutOfMemoryException)
        {
            return $"threw {stranger.GetType().Name}: {stranger.Message}";
        }
    }

    private static string Difference(string given, string expected)
    {
        int at = given.AsSpan().CommonPrefixLength(expected), from = Math.Max(at - 20, 0);
        return $"at {at} gave {JsonSerializer.Serialize(given[from..Math.Min(at + 40, given.Length)])}, expected "
            + $"{JsonSerializer.Serialize(expected[from..Math.Min(at + 40, expected.Length)])}";
    }

    private static JinjaErrorKind Kind(string name) => name switch
    {
        "syntax" => JinjaErrorKind.Syntax,
        "undefined" => JinjaErrorKind.Undefined,
        "security" => JinjaErrorKind.Security,
        "raise_exception" => JinjaErrorKind.RaiseException,
        "limit" => JinjaErrorKind.Limit,
        _ => JinjaErrorKind.Type,
    };
}
