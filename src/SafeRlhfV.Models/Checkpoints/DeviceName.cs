using System.Globalization;

namespace SafeRlhfV.Models;

/// <summary>Names of devices as recipes and options give them: cpu, cuda (the first GPU) or cuda:N.</summary>
public static class DeviceName
{
    // libtorch counts devices in eight signed bits
    private const int Last = 127;

    /// <summary>Reads a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="gpu">The GPU's number; null = the CPU.</param>
    /// <returns>False if it names no device, here or elsewhere.</returns>
    public static bool TryParse(string name, out int? gpu)
    {
        gpu = null;
        if (name == "cpu") return true;
        int number = 0;
        if (name != "cuda" && !(name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= Last)) return false;
        gpu = number;
        return true;
    }
}
