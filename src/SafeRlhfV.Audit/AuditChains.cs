using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Audit;

/// <summary>
/// The chains of a trail. One gateway writes one chain. Gateways that share a PostgreSQL write a chain each, so that none waits for another's commit;
/// a chain of anchors holds the heads of all, so that a chain cannot vanish or lose its end unseen.
/// </summary>
public static class AuditChains
{
    /// <summary>The chain of a gateway that stands alone, and of every trail written before there were several chains.</summary>
    public const string Main = "main";

    /// <summary>The chain whose records are the heads of the others.</summary>
    public const string Anchors = "anchors";

    private const int MostCharacters = 253; // a host's name

    /// <summary>Whether a gateway's chain may have this name: letters, digits, '.', '_' and '-', and not <see cref="Anchors"/>.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MostCharacters && name != Anchors && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-');

    /// <summary>What PostgreSQL's advisory locks know a chain by. Two names with one number only wait for each other.</summary>
    internal static int LockKey(string chain) => BinaryPrimitives.ReadInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(chain)));
}
