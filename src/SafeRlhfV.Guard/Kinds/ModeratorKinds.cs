namespace SafeRlhfV.Guard;

/// <summary>The kinds of moderators known here: one list for the gateway and for the command line.</summary>
public static class ModeratorKinds
{
    private static readonly Lock Gate = new();

    /// <summary>All of them. A program may add its own.</summary>
    public static Registry<ModeratorKind> All { get; } = new(kind => [kind.Name], new PatternsKind(), new OpenAIKind(), new JudgeKind(),
        new TemplateKind());

    /// <summary>Lists a kind, for the whole process; one that is listed already stays.</summary>
    /// <exception cref="ArgumentException">Another kind has its name.</exception>
    public static void Register<T>() where T : ModeratorKind, new()
    {
        lock (Gate)
            if (!All.OfType<T>().Any()) All.Add(new T());
    }

    /// <summary>Reads one moderator: its <c>kind</c>, then what the kind wants to know.</summary>
    /// <param name="section">The settings.</param>
    /// <param name="folder">What paths are relative to.</param>
    /// <returns>Null where the kind is missing or not known, which is a fault of the section.</returns>
    public static ModeratorSettings? Read(YamlSection section, string folder)
    {
        string names = string.Join(", ", All.SkipLast(1).Select(kind => kind.Name)) + " or " + All[^1].Name;
        if (section.Text("kind") is not { } name)
        {
            if (!section.Has("kind")) section.Fault(null, $"the kind is missing: {names}");
            return null;
        }
        if (All.Find(name) is { } kind) return kind.Read(section, folder);
        section.Fault("kind", $"'{name}' must be one of {string.Join(", ", All.Select(known => known.Name))}");
        return null;
    }
}
