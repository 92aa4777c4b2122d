using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>Reads what the files of <c>data make</c> and <c>data label</c> share: services, models, the judge.</summary>
internal static class ServiceSettingsReader
{
    /// <summary>The models by name, with the services that have them.</summary>
    /// <param name="section">The whole file.</param>
    /// <param name="none">What to say where there is no model.</param>
    public static Dictionary<string, ChatModelSettings> Models(YamlSection section, string none)
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
        if (models.Count == 0) section.Fault("models", none);
        return models;
    }

    /// <summary>How pairs are judged.</summary>
    public static JudgingSettings Judging(YamlSection section, YamlSection? judge, Dictionary<string, ChatModelSettings> models)
    {
        JudgingSettings standard = new() { Model = Named(judge, "model", models) };
        return standard with
        {
            Seed = section.Whole("seed", 0, int.MaxValue) ?? standard.Seed,
            Budget = section.Number("budget", 0, 1e9),
            Repeats = judge?.Whole("repeats", 1, 20) ?? standard.Repeats,
            Swap = judge?.Flag("swap") ?? standard.Swap,
            Agreement = judge?.Number("agreement", 0.51, 1) ?? standard.Agreement,
            Reasks = judge?.Whole("reasks", 0, 10) ?? standard.Reasks,
        };
    }

    public static YamlSection? Needed(YamlSection section, string key)
    {
        YamlSection? found = section.Section(key);
        if (found is null && !section.Has(key)) section.Fault(key, "is missing");
        return found;
    }

    public static ChatModelSettings Named(YamlSection? section, string key, Dictionary<string, ChatModelSettings> models)
    {
        string name = section?.Required(key) ?? "";
        if (models.TryGetValue(name, out ChatModelSettings? model)) return model;
        if (name.Length > 0) section!.Fault(key, $"there is no model '{name}'");
        return new() { Name = name, Endpoint = Nowhere, Model = name };
    }

    private static EndpointSettings ReadEndpoint(YamlSection section)
    {
        string text = section.Required("address");
        if (text.Length > 0 && (!Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) || parsed.Scheme is not ("http" or "https")))
            section.Fault("address", $"'{text}' must be an address such as http://127.0.0.1:8000/v1");
        EndpointSettings standard = new()
        {
            Name = section.Required("name"),
            Address = Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address
            : new("http://127.0.0.1")
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
}
