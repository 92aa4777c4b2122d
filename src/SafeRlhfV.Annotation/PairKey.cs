using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Annotation;

/// <summary>The key of a pair: the same question, answers and image have the same key for every annotator, person or model.</summary>
internal static class PairKey
{
    public static string Of(string question, string first, string second, byte[]? image) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        JsonSerializer.Serialize((string[])[question, first, second, image is null ? "" : Convert.ToHexString(SHA256.HashData(image))]))))[..20];
}
