namespace SafeRlhfV.Guard;

/// <summary>Addresses and keys of services in settings.</summary>
public static class ServiceSection
{
    /// <summary>An address; null where it is missing, or none, which is a fault.</summary>
    public static Uri? Address(this YamlSection section, string key)
    {
        if (section.Text(key) is not { } text) return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https") return uri;
        section.Fault(key, $"'{text}' must be an address such as http://127.0.0.1:8000/v1");
        return null;
    }

    /// <summary>An address that must be there; where it is not, the fault ends the reading, and another stands in for it.</summary>
    public static Uri NeedAddress(this YamlSection section, string key)
    {
        Uri? address = section.Address(key);
        if (address is null && !section.Has(key)) section.Fault(key, "is missing");
        return address ?? new("http://127.0.0.1");
    }

    /// <summary>
    /// A secret that stands elsewhere: in the environment variable that <c>NAME_env</c> names, or in the file that <c>NAME_file</c> names; null with neither.
    /// </summary>
    /// <param name="section">The section.</param>
    /// <param name="name">The secret's name, such as key.</param>
    /// <param name="folder">What the file's path is relative to.</param>
    public static string? Secret(this YamlSection section, string name, string folder)
    {
        string byFile = $"{name}_file";
        string? secret = section.Secret($"{name}_env");
        if (section.Text(byFile) is not { } path) return secret;
        if (section.Has($"{name}_env")) section.Fault(byFile, $"give either {name}_env or {byFile}");
        try
        {
            string text = File.ReadAllText(Path.Combine(folder, path)).Trim();
            if (text.Length > 0) return text;
            section.Fault(byFile, $"the file {path} is empty");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            section.Fault(byFile, $"the file {path} cannot be read ({ErrorText.FirstLine(error).TrimEnd('.')})");
        }
        return null;
    }

    /// <summary>A secret that stands in the environment variable which the key names; null without the key.</summary>
    public static string? Secret(this YamlSection section, string key)
    {
        if (section.Text(key) is not { } variable) return null;
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } secret) return secret;
        section.Fault(key, $"the environment variable {variable} is not set");
        return null;
    }
}
