namespace SafeRlhfV.Processing;

/// <summary>Ids with their special tokens, as an encoder such as BERT takes them.</summary>
/// <param name="Ids">The ids.</param>
/// <param name="Types">For each id, which of two texts it belongs to: what models call token_type_ids.</param>
public sealed record TokenSequence(int[] Ids, int[] Types);
