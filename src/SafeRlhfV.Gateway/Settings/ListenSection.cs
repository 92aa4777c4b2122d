using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Reads where the gateway listens, and with which certificate.</summary>
internal static class ListenSection
{
    public static string ReadListen(YamlSection section, string standard)
    {
        string listen = section.Text("listen") ?? standard;
        if (!Uri.TryCreate(listen, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            section.Fault("listen", $"'{listen}' must be an address such as http://127.0.0.1:8080");
        else if (address.PathAndQuery != "/" || address.Fragment.Length > 0 || address.UserInfo.Length > 0)
            section.Fault("listen", $"'{listen}' must be scheme, host and port alone; a proxy may add a path before it");
        else if (address.Scheme == "https" && !section.Has("tls"))
            section.Fault("listen", "https needs the section tls with a certificate and its key");
        else if (address.Scheme == "http" && section.Has("tls"))
            section.Fault("tls", "there is a certificate, but listen is an http address");
        return listen;
    }

    public static TlsSettings? ReadTls(YamlSection section, string folder)
    {
        if (section.Section("tls") is not { } tls) return null;
        string certificate = Path.Combine(folder, tls.Required("certificate"));
        return new()
        {
            Certificate = certificate,
            Key = tls.Text("key") is { } key ? Path.Combine(folder, key) : certificate,
            Password = tls.Secret("password", folder),
        };
    }
}
