namespace SafeRlhfV.Models;

/// <summary>A part of a model: vision tower, projector, embedding table, language model, output layer.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Parameters">Parameters.</param>
/// <param name="Bytes">Bytes on the disk.</param>
public sealed record ModelPart(string Name, long Parameters, long Bytes);
