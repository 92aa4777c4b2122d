using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Collects the faults of a recipe that no single key shows; all are reported together, each with its line.</summary>
public sealed class RecipeFaults
{
    private readonly YamlSection root;

    internal RecipeFaults(YamlSection root) => this.root = root;

    /// <summary>Adds a fault at a key, such as training.micro_batch_size; its line is that of the deepest section of the path that is there.</summary>
    public void Add(string path, string message)
    {
        YamlSection section = root;
        string[] keys = path.Split('.');
        for (int i = 0; i < keys.Length - 1; i++)
        {
            if (!section.IsMapping(keys[i]) || section.Section(keys[i]) is not { } below)
            {
                section.Fault(string.Join('.', keys[i..]), message);
                return;
            }
            section = below;
        }
        section.Fault(keys[^1], message);
    }

    /// <summary>Whether there is a fault at a key already, such as training.rewards[0].kind: what follows from its value is not to be told then.</summary>
    internal bool Has(string path) => root.HasFault(path);

    /// <summary>Whether a value was set from outside the files, such as training.multiplier.budget by --set.</summary>
    internal bool IsSet(string path)
    {
        YamlSection? section = root;
        string[] keys = path.Split('.');
        foreach (string key in keys[..^1]) section = section?.IsMapping(key) == true ? section.Section(key) : null;
        return section?.IsSet(keys[^1]) == true;
    }

    /// <summary>Adds a fault where a text that must be there is empty.</summary>
    public void Need(string path, string value, string what)
    {
        if (value.Length == 0) Add(path, $"is missing: {what}");
    }

    /// <summary>Checks model.device.</summary>
    public void CheckDevice(string device)
    {
        if (!DeviceName.TryParse(device, out _)) Add("model.device", $"'{device}' must be cpu, cuda or cuda:N");
    }

    /// <summary>Checks model.lora.targets.</summary>
    public void CheckTargets(LoraRecipe? lora)
    {
        foreach (string target in lora?.Targets ?? [])
            if (!LoraConfig.LanguageModelLayers.Contains(target))
                Add("model.lora.targets", $"'{target}' is no linear layer of a block; there are {string.Join(", ", LoraConfig.LanguageModelLayers)}");
    }

    /// <summary>Checks the endpoints of a section that names servers.</summary>
    internal void CheckServers(string section, IReadOnlyList<string> endpoints)
    {
        string key = $"{section}.endpoints";
        if (endpoints.Count == 0) Add(key, "is missing: the servers' addresses, such as [http://127.0.0.1:8000]");
        foreach (string endpoint in endpoints)
            if (!Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
                Add(key, $"'{endpoint}' must be an address such as http://127.0.0.1:8000");
    }

    /// <summary>Checks that the environment variable of a section's API key is set.</summary>
    internal void CheckKeyVariable(string section, string variable)
    {
        if (variable.Length > 0 && string.IsNullOrEmpty(ServerEndpoint.KeyOf(variable)))
            Add($"{section}.key_variable", $"the environment variable {variable} is not set");
    }

    /// <summary>Checks an optimizer's schedule.</summary>
    internal void CheckSchedule(string section, OptimizerSettings optimizer)
    {
        if (optimizer is { Schedule: ScheduleShape.Constant, FloorFraction: not 0 })
            Add($"{section}.floor_fraction", "has no effect with schedule: constant; leave it out, or take cosine or linear");
    }

    /// <summary>Checks training.lengths.</summary>
    public void CheckLengths(LengthLimits lengths)
    {
        if (lengths.PromptTokens > lengths.TotalTokens)
            Add("training.lengths.prompt_tokens", $"{lengths.PromptTokens} is more than total_tokens {lengths.TotalTokens}");
        if (lengths.ResponseTokens > lengths.TotalTokens)
            Add("training.lengths.response_tokens", $"{lengths.ResponseTokens} is more than total_tokens {lengths.TotalTokens}");
    }
}
