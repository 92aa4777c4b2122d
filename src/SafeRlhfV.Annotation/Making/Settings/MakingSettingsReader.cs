using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>
/// Reads the YAML file of <c>data make</c>; recipes/data-make.yaml shows every key. Keys of services stand in environment variables that the file names.
/// </summary>
public static class MakingSettingsReader
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidInputException">It cannot be read or has faults; all of them are named with their lines.</exception>
    public static MakingSettings Load(string path)
    {
        return DiskErrors.Reading(path, () => Parse(File.ReadAllText(path), path), "give the path of a file such as recipes/data-make.yaml");
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">It has faults; all of them are named with their lines.</exception>
    public static MakingSettings Parse(string yaml, string source = "settings") => YamlSection.Read(yaml, source, Read);

    private static MakingSettings Read(YamlSection section)
    {
        Dictionary<string, EndpointSettings> endpoints = [];
        foreach (YamlSection one in section.Sections("endpoints"))
        {
            EndpointSettings endpoint = ReadEndpoint(one);
            if (endpoint.Name.Length > 0 && !endpoints.TryAdd(endpoint.Name, endpoint)) one.Fault("name", $"the name {endpoint.Name} is taken");
        }
        if (endpoints.Count == 0) section.Fault("endpoints", "name at least one endpoint");
        Dictionary<string, ChatModelSettings> models = [];
        foreach (YamlSection one in section.Sections("models"))
        {
            ChatModelSettings model = ReadModel(one, endpoints);
            if (model.Name.Length > 0 && !models.TryAdd(model.Name, model)) one.Fault("name", $"the name {model.Name} is taken");
        }
        if (models.Count == 0) section.Fault("models", "name at least two models");

        YamlSection? questions = Needed(section, "questions"), answers = Needed(section, "answers"), judge = Needed(section, "judge");
        MakingSettings standard = new()
        {
            Asker = Named(questions, "model", models),
            Categories = Categories(questions),
            Answerers = Answerers(answers, models),
            Judge = Named(judge, "model", models)
        };
        return standard with
        {
            Seed = section.Whole("seed", 0, int.MaxValue) ?? 0,
            Budget = section.Number("budget", 0, 1e9),
            Severities = Severities(questions) ?? standard.Severities,
            QuestionsPerImage = questions?.Whole("per_image", 1, 20) ?? standard.QuestionsPerImage,
            PairsPerQuestion = Pairs(answers, standard.Answerers.Count) ?? standard.PairsPerQuestion,
            Repeats = judge?.Whole("repeats", 1, 20) ?? standard.Repeats,
            Swap = judge?.Flag("swap") ?? standard.Swap,
            Agreement = judge?.Number("agreement", 0.51, 1) ?? standard.Agreement,
            Reasks = judge?.Whole("reasks", 0, 10) ?? standard.Reasks,
        };
    }

    private static EndpointSettings ReadEndpoint(YamlSection section)
    {
        string text = section.Required("address");
        if (text.Length > 0 && (!Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) || parsed.Scheme is not ("http" or "https")))
            section.Fault("address", $"'{text}' must be an address such as http://127.0.0.1:8000/v1");
        EndpointSettings standard = new()
        {
            Name = section.Required("name"),
            Address = Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address : new("http://127.0.0.1")
        };
        string? key = null;
        if (section.Text("key_env") is { } variable)
        {
            key = Environment.GetEnvironmentVariable(variable)?.Trim();
            if (string.IsNullOrEmpty(key)) section.Fault("key_env", $"the environment variable {variable} is not set");
        }
        return standard with
        {
            Key = key,
            Concurrency = section.Whole("concurrency", 1, 1024) ?? standard.Concurrency,
            RequestsPerMinute = section.Whole("requests_per_minute", 1, 1_000_000),
            TokensPerMinute = section.Whole("tokens_per_minute", 1, int.MaxValue),
            Timeout = section.Duration("timeout") ?? standard.Timeout,
            IdleTimeout = section.Duration("idle_timeout") ?? standard.IdleTimeout,
            Retries = section.Whole("retries", 0, 100) ?? standard.Retries,
            Backoff = section.Duration("backoff") ?? standard.Backoff,
            LongestBackoff = section.Duration("longest_backoff") ?? standard.LongestBackoff,
            Stream = section.Flag("stream") ?? standard.Stream,
        };
    }

    private static ChatModelSettings ReadModel(YamlSection section, Dictionary<string, EndpointSettings> endpoints)
    {
        string name = section.Required("name"), endpoint = section.Required("endpoint");
        if (endpoint.Length > 0 && !endpoints.ContainsKey(endpoint)) section.Fault("endpoint", $"there is no endpoint '{endpoint}'");
        return new()
        {
            Name = name,
            Endpoint = endpoints.GetValueOrDefault(endpoint) ?? Nowhere,
            Model = section.Text("model") ?? name,
            Temperature = section.Number("temperature", 0, 2),
            MaxTokens = section.Whole("max_tokens", 1, 1_000_000),
            Json = section.Choice("json", ("schema", JsonMode.Schema), ("object", JsonMode.Object), ("text", JsonMode.Text)) ?? JsonMode.Schema,
            InputPrice = section.Number("input_price", 0, 1e6) ?? 0,
            OutputPrice = section.Number("output_price", 0, 1e6) ?? 0,
        };
    }

    private static EndpointSettings Nowhere { get; } = new() { Name = "", Address = new("http://127.0.0.1") };

    private static YamlSection? Needed(YamlSection section, string key)
    {
        YamlSection? found = section.Section(key);
        if (found is null && !section.Has(key)) section.Fault(key, "is missing");
        return found;
    }

    private static ChatModelSettings Named(YamlSection? section, string key, Dictionary<string, ChatModelSettings> models)
    {
        string name = section?.Required(key) ?? "";
        if (models.TryGetValue(name, out ChatModelSettings? model)) return model;
        if (name.Length > 0) section!.Fault(key, $"there is no model '{name}'");
        return new() { Name = name, Endpoint = Nowhere, Model = name };
    }

    private static IReadOnlyList<ChatModelSettings> Answerers(YamlSection? section, Dictionary<string, ChatModelSettings> models)
    {
        IReadOnlyList<string> names = section?.Texts("models") ?? [];
        if (section is not null && names.Distinct().Count() < 2) section.Fault("models", "name at least two models that answer");
        foreach (string name in names.Where(name => !models.ContainsKey(name))) section!.Fault("models", $"there is no model '{name}'");
        return [.. names.Distinct().Where(models.ContainsKey).Select(name => models[name])];
    }

    private static IReadOnlyList<string> Categories(YamlSection? section)
    {
        IReadOnlyList<string> named = section?.Texts("categories") ?? [];
        foreach (string name in named.Where(name => Taxonomy.IndexOf(name) < 0))
            section!.Fault("categories", $"'{name}' is not one of {string.Join(", ", Taxonomy.Categories)}");
        return [.. named.Distinct()];
    }

    private static IReadOnlyList<int>? Severities(YamlSection? section)
    {
        IReadOnlyList<string> named = section?.Texts("severities") ?? [];
        foreach (string severity in named.Where(severity => severity is not ("1" or "2" or "3")))
            section!.Fault("severities", $"'{severity}' must be 1, 2 or 3");
        return named.Count == 0 ? null : [.. named.Where(severity => severity is "1" or "2" or "3").Distinct().Select(int.Parse)];
    }

    private static int? Pairs(YamlSection? section, int models)
    {
        if (section?.Whole("pairs", 1, 1000) is not { } pairs) return null;
        int most = models * (models - 1) / 2;
        if (models > 1 && pairs > most) section.Fault("pairs", $"{models} models make {most} pairs, not {pairs}");
        return pairs;
    }
}
