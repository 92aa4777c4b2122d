using System.Text.RegularExpressions;

namespace SafeRlhfV.Conventions.Tests;

public sealed partial class DecodingTests
{
    // One image, one decoding: whoever names another policy than the standard one makes a model see what others do not.
    [Theory, MemberData(nameof(House.Rooms), MemberType = typeof(House))]
    public void OnlyFingerprintsDecodeInAnotherWayThanTheStandardOne(string room)
    {
        foreach (string file in House.SourceFiles(room).Where(file => !file.Contains("/Images/ImageDecode", StringComparison.Ordinal)))
            foreach (Match policy in Policy().Matches(File.ReadAllText(file)))
                Assert.True(policy.Value is "ImageDecodeOptions.Standard"
                    || policy.Value is "ImageDecodeOptions.Fingerprint" && file.Contains("/Fingerprints/", StringComparison.Ordinal),
                        $"{file}: {policy.Value}");
    }

    [GeneratedRegex(@"new ImageDecodeOptions|ImageDecodeOptions\.\w+|SKBitmap\.Decode|SKImage\.FromEncoded\w+")]
    private static partial Regex Policy();
}
