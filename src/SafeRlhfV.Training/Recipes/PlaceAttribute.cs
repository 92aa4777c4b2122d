namespace SafeRlhfV.Training;

/// <summary>
/// A setting that says where something is or how it is reached, and changes no number: folders, whose content is compared by itself
/// (<see cref="TrainingRun.CheckInputs"/>), and servers. A run goes on where it has changed.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PlaceAttribute : Attribute;
