namespace SafeRlhfV.Processing;

/// <summary>A stretch of a text: an added token, or what lies between (then <paramref name="Token"/> is -1).</summary>
internal readonly record struct TextSection(int Start, int End, int Token);
