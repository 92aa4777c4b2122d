using System.Runtime.CompilerServices;
using SafeRlhfV.Guard;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Registry.Tests;

/// <summary>
/// All that the rest of the program is told of this project's trainer, family and moderator: one entry in a list each. Beyond that, each is its folder.
/// </summary>
internal static class Entries
{
    [ModuleInitializer]
    internal static void Add()
    {
        Trainers.All.Add(new ContrastDefinition());
        ModelFamilies.All.Add(new MosaicFamily());
        ModeratorKinds.All.Add(new ShoutKind());
    }
}
