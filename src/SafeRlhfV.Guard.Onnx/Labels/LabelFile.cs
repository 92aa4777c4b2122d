namespace SafeRlhfV.Guard.Onnx;

/// <summary>The file that says what a model's labels mean, and how the model is to be run (labels.yaml; docs/guard.md shows one).</summary>
internal sealed record LabelFile
{
    private static readonly (string, OnnxKind)[] Kinds = [("image", OnnxKind.Image), ("text", OnnxKind.Text), ("detector", OnnxKind.Detector)];

    private static readonly (string Word, Severity Severity)[] Severities =
        [("minor", Severity.Minor), ("moderate", Severity.Moderate), ("severe", Severity.Severe)];

    /// <summary>The file's path.</summary>
    public required string Path { get; init; }

    /// <summary>The kind of the model; null: as its folder shows.</summary>
    public OnnxKind? Kind { get; init; }

    /// <summary>How numbers become probabilities; null: as config.json says.</summary>
    public LabelActivation? Activation { get; init; }

    /// <summary>For texts.</summary>
    public TextSettings Text { get; init; } = new();

    /// <summary>For detectors.</summary>
    public DetectorSettings Detector { get; init; } = new();

    /// <summary>What each label means, by name; null: harmless.</summary>
    public required IReadOnlyDictionary<string, LabelRule?> Rules { get; init; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="own">Categories beside the twenty.</param>
    /// <exception cref="InvalidInputException">It has faults; all of them are named.</exception>
    public static LabelFile Load(string path, IReadOnlyList<OwnCategory> own)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file; write one that says what each label means (docs/guard.md).");
        HashSet<string> categories = [.. Taxonomy.Categories, .. own.Select(category => category.Name)];
        return DiskErrors.Reading(path, () => YamlSection.Read(File.ReadAllText(path), path, section => Read(section, path, categories)));
    }

    /// <summary>The rules in the order of a model's labels.</summary>
    /// <exception cref="InvalidInputException">A label is missing, or one is named that the model does not have.</exception>
    public LabelMap For(IReadOnlyList<string> labels)
    {
        if (Rules.Keys.FirstOrDefault(name => !labels.Contains(name)) is { } unknown)
            throw new InvalidInputException($"{Path}: labels: the model has no label '{unknown}' (it has {string.Join(", ", labels)}).");
        if (labels.FirstOrDefault(name => !Rules.ContainsKey(name)) is { } missing)
            throw new InvalidInputException($"{Path}: labels: '{missing}' is missing; say what it means, or 'none'.");
        return new(labels, [.. labels.Select(name => Rules[name])]);
    }

    private static LabelFile Read(YamlSection section, string path, HashSet<string> categories)
    {
        Dictionary<string, LabelRule?> rules = [];
        if (section.Section("labels") is { } labels)
        {
            foreach (string name in labels.Keys) rules[name] = labels.IsMapping(name) ? ReadRule(labels.Section(name)!, categories) : ReadNone(labels, name);
        }
        if (rules.Count == 0) section.Fault("labels", "say what each label means");
        return new()
        {
            Path = path,
            Kind = section.Choice("kind", Kinds),
            Activation = section.Choice("activation", ("softmax", LabelActivation.Softmax), ("sigmoid", LabelActivation.Sigmoid)),
            Text = section.Section("text") is { } text ? TextSettings.Read(text) : new(),
            Detector = section.Section("detector") is { } detector ? DetectorSettings.Read(detector) : new(),
            Rules = rules,
        };
    }

    private static LabelRule? ReadNone(YamlSection labels, string name)
    {
        if (labels.Text(name) != "none") labels.Fault(name, "give 'none', or a category with its threshold");
        return null;
    }

    private static LabelRule ReadRule(YamlSection section, HashSet<string> categories)
    {
        string category = section.Required("category");
        if (category.Length > 0 && !categories.Contains(category))
            section.Fault("category",
                $"unknown category '{category}'; use one of the twenty ({Taxonomy.Categories[0]}, ...) or one of the policy's own_categories");
        List<(Severity, double)> thresholds = [];
        if (section.Section("thresholds") is { } steps)
        {
            if (section.Has("severity") || section.Has("threshold")) section.Fault("thresholds", "give either thresholds, or severity and threshold");
            foreach ((string word, Severity severity) in Severities)
                if (ReadThreshold(steps, word) is { } score) thresholds.Add((severity, score));
            for (int i = 1; i < thresholds.Count; i++)
                if (thresholds[i].Item2 <= thresholds[i - 1].Item2) section.Fault("thresholds", "must rise with severity");
        }
        else if (section.Choice("severity", Severities) is { } severity && ReadThreshold(section, "threshold") is { } score)
        {
            thresholds.Add((severity, score));
        }
        if (thresholds.Count == 0) section.Fault(null, "give thresholds, or severity and threshold");
        return new(category, thresholds);
    }

    private static double? ReadThreshold(YamlSection section, string key)
    {
        if (section.Number(key, 0, 1) is not { } score) return null;
        if (score == 0) section.Fault(key, "must lie above 0: every content would reach it");
        return score;
    }
}
