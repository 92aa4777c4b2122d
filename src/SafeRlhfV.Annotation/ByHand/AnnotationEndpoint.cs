using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>The page's files and calls.</summary>
internal sealed class AnnotationEndpoint(AnnotationStore store)
{
    private const int LongestName = 40;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => File("page.html", "text/html; charset=utf-8"));
        routes.MapGet("/page.js", () => File("page.js", "text/javascript; charset=utf-8"));
        routes.MapGet("/page.css", () => File("page.css", "text/css; charset=utf-8"));
        routes.MapGet("/image/{id}", Image);
        routes.MapGet("/agreement", () => Results.Json(AnnotationExport.Report(store)));
        routes.MapGet("/state", (string annotator, string role, string? item) => Answer(() => State(Name(annotator), Role(role), item)));
        routes.MapPost("/choose", (JsonObject body) => Answer(() => Choose(body)));
        routes.MapPost("/done", (JsonObject body) => Answer(() => Finish(body)));
        routes.MapPost("/skip", (JsonObject body) => Answer(() => Skip(body)));
        routes.MapPost("/undo", (JsonObject body) => Answer(() => Undo(body)));
    }

    private JsonObject Choose(JsonObject body)
    {
        (string role, string annotator, AnnotationItem item) = Read(body);
        string field = Text(body, "field"), value = Text(body, "value");
        if (!AnnotationField.Values.TryGetValue(field, out IReadOnlyList<string>? values) || !values.Contains(value))
            throw new FormatException($"'{field}' cannot be '{value}'");
        store.Choose(role, annotator, item.Id, field, value);
        return State(annotator, role, item.Id);
    }

    private JsonObject Finish(JsonObject body)
    {
        (string role, string annotator, AnnotationItem item) = Read(body);
        string? problem = store.Finish(role, annotator, item);
        JsonObject state = State(annotator, role, item.Id);
        state["problem"] = problem;
        // only now, after one's own choice
        if (problem is null && role == AnnotationStore.Annotate && store.Options.ShowMachine && item.Machine is { } machine) state["machine"] = Shape(machine);
        return state;
    }

    private JsonObject Skip(JsonObject body)
    {
        (string role, string annotator, AnnotationItem item) = Read(body);
        store.Skip(role, annotator, item.Id);
        return State(annotator, role, null);
    }

    private JsonObject Undo(JsonObject body)
    {
        string role = Role(Text(body, "role")), annotator = Name(Text(body, "annotator"));
        string? item = store.Undo(role, annotator);
        JsonObject state = State(annotator, role, item);
        if (item is null) state["problem"] = "there is nothing to undo";
        return state;
    }

    private JsonObject State(string annotator, string role, string? id)
    {
        IReadOnlyList<AnnotationItem> disputed = AnnotationQueue.Disputed(store);
        AnnotationItem? item = id is not null ? store.Find(id) ?? throw new FormatException("there is no such pair")
            : role == AnnotationStore.Annotate ? AnnotationQueue.Next(store, annotator)
            : disputed.FirstOrDefault(one => !store.StateOf(role, annotator, one.Id).IsSkipped);
        int mine = store.Items.Count(one => store.StateOf(AnnotationStore.Annotate, annotator, one.Id).IsDone);
        int needed = store.Items.Sum(store.Needed),
            given = store.Items.Sum(one => Math.Min(store.Needed(one), store.LabelsOf(AnnotationStore.Annotate, one).Count));
        JsonObject state = new()
        {
            ["annotator"] = annotator,
            ["role"] = role,
            ["progress"] = new JsonObject { ["mine"] = mine, ["given"] = given, ["needed"] = needed, ["disputed"] = disputed.Count },
            ["categories"] = new JsonArray([.. Taxonomy.Categories.Select(name => (JsonNode)name)]),
            ["rubric"] = new JsonArray(JudgeRubric.Helpful, JudgeRubric.Harmless),
        };
        if (item is null) return state;
        ItemState own = store.StateOf(role, annotator, item.Id);
        int left = store.LeftAnswer(annotator, item.Id);
        state["item"] = new JsonObject
        {
            ["id"] = item.Id,
            ["question"] = item.Question,
            ["category"] = item.Category,
            ["image"] = item.HasImage,
            ["left"] = new JsonObject { ["number"] = left, ["text"] = left == 1 ? item.Response1 : item.Response2 },
            ["right"] = new JsonObject { ["number"] = 3 - left, ["text"] = left == 1 ? item.Response2 : item.Response1 },
            ["choices"] = new JsonObject(own.Choices.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
            ["done"] = own.IsDone,
        };
        // an annotator never sees what others said; an adjudicator does
        if (role == AnnotationStore.Adjudicate)
            state["item"]!["others"] = new JsonArray([.. store.LabelsOf(AnnotationStore.Annotate, item).Select(label => (JsonNode)Shape(label.Label))]);
        return state;
    }

    private static JsonObject Shape(AnnotationRecord label) => new()
    {
        ["by"] = label.Annotator,
        ["more_helpful"] = $"{label.MoreHelpful}",
        ["safer"] = $"{label.Safer}",
        ["harmless_1"] = $"{label.Harmless1}",
        ["harmless_2"] = $"{label.Harmless2}",
        ["helpful_1"] = $"{label.Helpful1}",
        ["helpful_2"] = $"{label.Helpful2}",
        ["severity"] = $"{label.Severity}",
        ["category"] = label.Category,
    };

    private IResult Image(string id)
    {
        if (store.Find(id) is not { HasImage: true }) return Results.NotFound();
        byte[] bytes = System.IO.File.ReadAllBytes(ItemSource.ImageFile(store.Working, id));
        return Results.Bytes(bytes, ImageHeader.Read(bytes) is { } header ? $"image/{header.Format.ToLowerInvariant()}" : "application/octet-stream");
    }

    private (string Role, string Annotator, AnnotationItem Item) Read(JsonObject body) =>
        (Role(Text(body, "role")), Name(Text(body, "annotator")), store.Find(Text(body, "item")) ?? throw new FormatException("there is no such pair"));

    private static string Text(JsonObject body, string name) => body[name] is JsonValue value && value.TryGetValue(out string? text)
        ? text
        : throw new FormatException($"'{name}' is missing");

    private static string Role(string role) => role is AnnotationStore.Annotate or AnnotationStore.Adjudicate
        ? role
        : throw new FormatException($"'{role}' is no role");

    private static string Name(string name) => name.Trim() is { Length: > 0 and <= LongestName } trimmed && !trimmed.Any(char.IsControl) && trimmed != "machine"
        ? trimmed
        : throw new FormatException($"a name has 1 to {LongestName} letters and is not 'machine'");

    private static IResult Answer(Func<JsonObject> answer)
    {
        try
        {
            return Results.Json(answer());
        }
        catch (FormatException error)
        {
            return Results.Json(new JsonObject { ["problem"] = error.Message }, statusCode: StatusCodes.Status400BadRequest);
        }
    }

    private static IResult File(string name, string type) => Results.Stream(typeof(AnnotationEndpoint).Assembly.GetManifestResourceStream(name)!, type);
}
