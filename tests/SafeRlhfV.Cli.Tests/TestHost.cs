using System.Runtime.CompilerServices;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli.Tests;

/// <summary>These tests own their process, as the program does, and tune the native libraries as it does.</summary>
internal static class TestHost
{
    [ModuleInitializer]
    internal static void Start() => NativeTuning.Apply();
}
