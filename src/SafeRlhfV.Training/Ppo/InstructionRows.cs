namespace SafeRlhfV.Training;

/// <summary>Instruction rows for PTX.</summary>
/// <param name="Batcher">Puts them side by side.</param>
/// <param name="Next">Draws the next so many.</param>
public sealed record InstructionRows(SampleBatcher Batcher, Func<int, IReadOnlyList<EncodedSample>> Next);
