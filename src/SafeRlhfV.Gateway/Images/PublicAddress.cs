using System.Net;
using System.Net.Sockets;

namespace SafeRlhfV.Gateway;

/// <summary>Distinguishes public addresses from those of this machine, this network and other special purposes.</summary>
internal static class PublicAddress
{
    // RFC 6890 and what has been added since: none of these is a host on the public internet.
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork) return !Special.Any(network => network.Contains(address));

        // Only global unicast (2000::/3), and of it not what embeds an IPv4 address (Teredo, 6to4) or is for documents.
        byte[] bytes = address.GetAddressBytes();
        if ((bytes[0] & 0xE0) != 0x20) return false;
        if (bytes is [0x20, 0x01, < 2, ..] or [0x20, 0x02, ..] or [0x20, 0x01, 0x0D, 0xB8, ..] or [0x3F, 0xFF, ..]) return false;
        return true;
    }
}
