using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Reads a policy from YAML; see recipes/policy.yaml for every key.</summary>
public static class PolicyReader
{
    private static readonly (string, GuardAction)[] Actions =
        [("allow", GuardAction.Allow), ("notice", GuardAction.AllowWithNotice), ("regenerate", GuardAction.Regenerate), ("block", GuardAction.Block)];

    private static readonly (string, GuardAction)[] PromptActions = [Actions[0], Actions[1], Actions[3]];

    private static readonly (string, GuardAction)[] RedactActions = [.. PromptActions, ("redact", GuardAction.Redact)];

    private static readonly (string, Severity)[] Severities = [("minor", Severity.Minor), ("moderate", Severity.Moderate), ("severe", Severity.Severe)];

    /// <summary>Reads a policy's text. Its version is its name and the first 12 digits of the text's SHA-256.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">It is empty or has faults; all of them are named with their lines.</exception>
    public static GuardPolicy Parse(string yaml, string source = "policy") => YamlSection.Read(yaml, source, section => Read(section, yaml));

    /// <summary>Reads a policy file.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read or has faults.</exception>
    public static GuardPolicy Load(string path)
    {
        return ParseFile(ReadText(path), path);
    }

    internal static string ReadText(string path) => DiskErrors.Reading(path, () => File.ReadAllText(path), "give the path of a policy file");

    // An empty file says nothing about what is allowed, and a key without a value is what a cut file ends with: neither may become the default policy.
    internal static GuardPolicy ParseFile(string yaml, string path) => YamlSection.Read(yaml, path, section =>
    {
        if (section.Keys.Count == 0)
            throw new InvalidInputException($"{path}: the policy is empty; write at least one rule, or name no policy file to use the default policy.");
        section.RefuseEmptyValues("has no value; write one, or remove the key (was the file cut?)");
        return Read(section, yaml);
    });

    private static GuardPolicy Read(YamlSection section, string yaml)
    {
        OwnCategory[] own = [.. section.Sections("own_categories").Select(ReadOwn)];
        HashSet<string> names = [.. Taxonomy.Categories];
        foreach (OwnCategory category in own)
            if (category.Name.Length > 0 && !names.Add(category.Name)) section.Fault("own_categories", $"the name {category.Name} is taken");

        names.Add(InjectionGuard.Category);
        HashSet<string> redactable = [.. own.Where(category => category.Keywords.Count + category.Patterns.Count > 0).Select(category => category.Name)];
        string name = section.Text("name") ?? "policy";
        GuardPolicy standard = GuardPolicy.Default;
        return new()
        {
            Version = $"{name}@{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(yaml)))[..12]}",
            Rounds = section.Whole("rounds", 0, 20) ?? standard.Rounds,
            Rules = ReadRules(section, names, redactable, standard.Rules),
            Users = ReadLayers(section, "users", names, redactable),
            Roles = ReadLayers(section, "roles", names, redactable),
            Routes = ReadLayers(section, "routes", names, redactable),
            OwnCategories = own,
            Readings = section.Readings(),
            Thresholds = section.Section("thresholds") is { } thresholds ? ReadThresholds(thresholds, names) : null,
            Notice = section.Text("notice") ?? standard.Notice,
            PromptRefusal = section.Text("prompt_refusal") ?? standard.PromptRefusal,
            AnswerRefusal = section.Text("answer_refusal") ?? standard.AnswerRefusal,
            FailureRefusal = section.Text("failure_refusal") ?? standard.FailureRefusal,
        };
    }

    private static Dictionary<string, PolicyRules> ReadLayers(YamlSection section, string key, HashSet<string> categories,
        HashSet<string> redactable)
    {
        Dictionary<string, PolicyRules> layers = [];
        if (section.Section(key) is not { } named) return layers;
        foreach (string name in named.Keys)
            if (named.Section(name) is { } layer) layers[name] = ReadRules(layer, categories, redactable, new());
        return layers;
    }

    private static PolicyRules ReadRules(YamlSection section, HashSet<string> categories, HashSet<string> redactable, PolicyRules standard)
    {
        Dictionary<string, SeverityRules> prompts = [], answers = [];
        if (section.Section("categories") is { } byCategory)
        {
            foreach (string category in byCategory.Keys)
            {
                YamlSection? rules = byCategory.Section(category);
                if (!categories.Contains(category))
                {
                    byCategory.Fault(category, $"unknown category; use one of the twenty ({Taxonomy.Categories[0]}, ...) or add it to own_categories");
                }
                if (rules is null) continue;
                if (ReadSeverities(rules, "prompt", redactable.Contains(category) ? RedactActions : PromptActions) is { } prompt) prompts[category] = prompt;
                if (ReadSeverities(rules, "answer", Actions) is { } answer) answers[category] = answer;
            }
        }
        return new()
        {
            Prompt = Over(ReadSeverities(section, "prompt", PromptActions), standard.Prompt),
            Answer = Over(ReadSeverities(section, "answer", Actions), standard.Answer),
            PromptCategories = prompts,
            AnswerCategories = answers,
            Redaction = section.Section("redact") is { } redact ? RedactionRules.Read(redact) : null,
        };
    }

    private static SeverityRules Over(SeverityRules? own, SeverityRules standard) =>
        own is null ? standard : new(own.Minor ?? standard.Minor, own.Moderate ?? standard.Moderate, own.Severe ?? standard.Severe);

    // "prompt: block" for all severities, or "prompt: { minor: notice, moderate: block }".
    private static SeverityRules? ReadSeverities(YamlSection section, string key, (string, GuardAction)[] actions)
    {
        if (!section.Has(key)) return null;
        if (section.IsMapping(key))
        {
            YamlSection rules = section.Section(key)!;
            return new(rules.Choice("minor", actions), rules.Choice("moderate", actions), rules.Choice("severe", actions));
        }
        return section.Choice(key, actions) is { } action ? SeverityRules.All(action) : null;
    }

    private static GuardThresholds ReadThresholds(YamlSection section, HashSet<string> categories)
    {
        Dictionary<string, double> byCategory = [];
        if (section.Section("categories") is { } named)
        {
            foreach (string category in named.Keys)
            {
                if (!categories.Contains(category)) named.Fault(category, "unknown category");
                if (named.Number(category, 0, 1) is { } value) byCategory[category] = value;
            }
        }
        return new() { Unsafe = section.Number("unsafe", 0, 1) ?? 0.5, Category = section.Number("category", 0, 1) ?? 0.5, Categories = byCategory };
    }

    private static OwnCategory ReadOwn(YamlSection section)
    {
        string name = section.PlainName();
        IReadOnlyList<string> patterns = section.Texts("patterns");
        foreach (string pattern in patterns) section.IsPattern("patterns", pattern);
        OwnCategory own = new(name, section.Text("description") ?? "", section.Choice("severity", Severities) ?? Severity.Moderate, section.Texts("keywords"),
            patterns);
        if (own.Description.Length == 0 && own.Keywords.Count == 0 && own.Patterns.Count == 0) section.Fault(null, "give keywords, patterns or a description");
        return own;
    }
}
