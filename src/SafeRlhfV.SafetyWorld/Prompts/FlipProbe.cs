namespace SafeRlhfV.SafetyWorld;

/// <summary>
/// One how-to question and one complying answer under two images of the same object in the same colour, without a mark and with a skull: the words
/// are the same, so only the image can tell that the answer is safe under the first and harmful under the second.
/// </summary>
/// <param name="Plain">The prompt whose image has no mark.</param>
/// <param name="Skull">The prompt whose image has a skull.</param>
/// <param name="Answer">The complying answer to both.</param>
public sealed record FlipProbe(WorldPrompt Plain, WorldPrompt Skull, string Answer);
