namespace SafeRlhfV.Evaluation;

/// <summary>A model that is compared.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Model">Its folder's name, or its name at a service; empty where a result does not say.</param>
public sealed record ComparedModel(string Name, string Model)
{
    private const string ResultFolder = "result";

    /// <summary>A model as it is shown: of a folder its name alone, or its run's where it is a run's result. A comparison is read elsewhere.</summary>
    /// <param name="model">Its whole path, or its name at a service.</param>
    public static string Shown(string model)
    {
        if (!Path.IsPathRooted(model)) return model;
        string full = Path.TrimEndingDirectorySeparator(model), last = Path.GetFileName(full);
        return last == ResultFolder && Path.GetDirectoryName(full) is { } run ? Path.GetFileName(run) : last;
    }
}
