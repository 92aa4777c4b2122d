using System.Net;

namespace SafeRlhfV.Gateway;

/// <summary>Reads which proxies are believed, and which sites' pages may call.</summary>
internal static class WebSection
{
    public static IReadOnlyList<IPNetwork> ReadProxies(YamlSection section)
    {
        List<IPNetwork> networks = [];
        foreach (string text in section.Section("forwarded")?.Texts("proxies") ?? [])
        {
            if (IPAddress.TryParse(text, out IPAddress? one)) networks.Add(new(one, one.GetAddressBytes().Length * 8));
            else if (IPNetwork.TryParse(text, out IPNetwork network)) networks.Add(network);
            else section.Fault("forwarded", $"proxies: '{text}' must be an address or a network such as 10.0.0.0/8");
        }
        if (section.Has("forwarded") && networks.Count == 0) section.Fault("forwarded", "name the proxies that are believed");
        return networks;
    }

    public static IReadOnlyList<string> ReadOrigins(YamlSection section)
    {
        IReadOnlyList<string> origins = section.Section("cors")?.Texts("origins") ?? [];
        foreach (string text in origins)
        {
            bool isOrigin = Uri.TryCreate(text, UriKind.Absolute, out Uri? origin) && origin.Scheme is "http" or "https"
                && text == origin!.GetLeftPart(UriPartial.Authority);
            if (!isOrigin) section.Fault("cors", $"origins: '{text}' must be an origin such as https://app.example, without a path");
        }
        if (section.Has("cors") && origins.Count == 0) section.Fault("cors", "name the origins whose pages may call");
        return origins;
    }
}
