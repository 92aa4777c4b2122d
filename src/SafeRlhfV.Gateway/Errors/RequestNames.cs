using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SafeRlhfV.Gateway;

/// <summary>
/// New names of requests: UUIDs of version 7 in hexadecimal digits. Random bytes are fetched for many names at once: asking the system for those of each costs
/// more than all the rest.
/// </summary>
internal static class RequestNames
{
    private const int RandomBytes = 10, Names = 64;

    [ThreadStatic]
    private static byte[]? held;

    [ThreadStatic]
    private static int left;

    public static string Create()
    {
        Span<byte> name = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(name, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 16);
        held ??= new byte[RandomBytes * Names];
        if (left == 0)
        {
            RandomNumberGenerator.Fill(held);
            left = Names;
        }
        held.AsSpan(RandomBytes * --left, RandomBytes).CopyTo(name[6..]);
        name[6] = (byte)((name[6] & 0x0F) | 0x70);
        name[8] = (byte)((name[8] & 0x3F) | 0x80);
        return Convert.ToHexStringLower(name);
    }
}
