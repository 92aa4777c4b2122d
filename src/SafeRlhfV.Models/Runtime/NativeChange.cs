namespace SafeRlhfV.Models;

/// <summary>What <see cref="NativeTuning"/> did about one of its changes.</summary>
/// <param name="Name">The native functions that it is about.</param>
/// <param name="Done">Whether it was made.</param>
/// <param name="Reason">What it brings, or why it was not made.</param>
public sealed record NativeChange(string Name, bool Done, string Reason)
{
    /// <summary>What was done, and why, in words.</summary>
    public string Words => $"{(Done ? "changed" : "left alone")}, {Reason}";
}
