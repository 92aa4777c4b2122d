using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary><c>kind: template</c>: a published guard model, behind a service or as a checkpoint on this machine.</summary>
public sealed class TemplateKind : ModeratorKind
{
    /// <inheritdoc/>
    public override string Name => "template";

    /// <inheritdoc/>
    public override ModeratorSettings Read(YamlSection section, string folder)
    {
        string name = section.Required("profile");
        GuardProfile? profile = GuardProfiles.All.Find(name);
        if (profile is null && name.Length > 0)
            section.Fault("profile", $"'{name}' must be one of {string.Join(", ", GuardProfiles.All.SelectMany(one => one.Names))}");
        Uri? endpoint = section.Address("endpoint");
        string? checkpoint = section.Text("checkpoint");
        if (section.Has("endpoint") == checkpoint is not null) section.Fault(null, "give either an endpoint or a checkpoint");
        string? model = section.Text("model");
        if (endpoint is not null && model is null) section.Fault("model", "is missing: the model's name at the endpoint");
        OrderedDictionary<string, string> categories = ReadTexts(section, "categories"), custom = ReadTexts(section, "custom_policies");
        bool asksEach = profile?.Policies.Count > 0;
        foreach (string key in asksEach ? (string[])["policy"] : ["policies", "custom_policies"])
            if (section.Has(key))
                section.Fault(key, asksEach ? $"is one text, and {name} is asked about each policy by itself; give custom_policies, a name and a text each"
                    : $"is for profiles that are asked about each policy by itself, such as shieldgemma2; {name} has one policy");
        return new Settings(profile ?? GuardProfiles.All[0], endpoint, section.Secret("key_env"), model ?? "",
            checkpoint is null ? null : Path.Combine(folder, checkpoint), section.Flag("logprobs") ?? true, new()
            {
                Template = ReadFile(section, "template", folder),
                Policy = ReadFile(section, "policy", folder),
                Policies = section.Texts("policies"),
                CustomPolicies = custom,
                Categories = categories,
                MaxTokens = section.Whole("max_tokens", 1, 1 << 20),
                Name = section.Text("name"),
            });
    }

    private static OrderedDictionary<string, string> ReadTexts(YamlSection section, string key)
    {
        OrderedDictionary<string, string> texts = [];
        if (section.Section(key) is { } named)
            foreach (string name in named.Keys) texts[name] = named.Required(name);
        return texts;
    }

    private static string? ReadFile(YamlSection section, string key, string folder)
    {
        if (section.Text(key) is not { } name) return null;
        try
        {
            string path = Path.Combine(folder, name);
            return DiskErrors.Reading(path, () => File.ReadAllText(path));
        }
        catch (InvalidInputException error)
        {
            section.Fault(key, error.Message.TrimEnd('.'));
            return null;
        }
    }

    private sealed record Settings(
        GuardProfile Profile, Uri? Endpoint, string? Key, string Model, string? Checkpoint, bool AsksProbabilities, TemplateOptions Options) : ModeratorSettings
    {
        public override bool IsLocal => Checkpoint is not null;

        public override IModerator Open(ModeratorParts parts)
        {
            HashSet<string> known = [.. Taxonomy.Categories, .. parts.OwnCategories.Select(own => own.Name)];
            if (Options.Categories.FirstOrDefault(pair => !known.Contains(pair.Value)) is { Key: not null } unknown)
                throw new InvalidInputException($"kind: template: categories: {unknown.Key}: unknown category '{unknown.Value}'; use one of the twenty or one "
                    + "of the policy's own_categories.");
            if (Checkpoint is null)
                return new TemplateModerator(new EndpointGuardModel(parts.Http, Endpoint!, Model, Key, AsksProbabilities), Profile, Options);
            IChatClient client = parts.OpenCheckpoint(Checkpoint);
            // a guard whose answer is read from its logits says so
            return new TemplateModerator(client.GetService<IGuardModel>() ?? new ChatGuardModel(client), Profile, Options, client);
        }
    }
}
