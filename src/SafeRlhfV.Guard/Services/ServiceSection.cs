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

    /// <summary>A secret that stands in the environment variable which the key names; null without the key.</summary>
    public static string? Secret(this YamlSection section, string key)
    {
        if (section.Text(key) is not { } variable) return null;
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } secret) return secret;
        section.Fault(key, $"the environment variable {variable} is not set");
        return null;
    }
}
