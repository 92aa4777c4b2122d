namespace SafeRlhfV.Training;

/// <summary>What a server says of some texts.</summary>
/// <param name="Model">The name of the model that scored them.</param>
/// <param name="Scores">The numbers of each text, in the texts' order; NaN where there is null.</param>
/// <param name="Classes">How many numbers the server says that each text has.</param>
/// <param name="PromptTokens">Tokens of all texts together.</param>
internal sealed record ClassifyReply(string Model, IReadOnlyList<float[]> Scores, IReadOnlyList<int> Classes, int PromptTokens);
