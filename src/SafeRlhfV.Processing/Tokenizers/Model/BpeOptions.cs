namespace SafeRlhfV.Processing;

/// <summary>What a tokenizer.json says of its byte-pair model beside vocabulary and merges.</summary>
/// <param name="UnknownToken">Stands for characters that the vocabulary lacks; null: they are dropped.</param>
/// <param name="FuseUnknown">Neighbouring unknown characters become one token.</param>
/// <param name="ByteFallback">Unknown characters become the tokens of their bytes (`&lt;0x0A&gt;`), if the vocabulary has all of them.</param>
/// <param name="IgnoreMerges">A piece that the vocabulary holds whole is taken before any merging.</param>
/// <param name="ContinuingPrefix">Put before every character of a piece but the first.</param>
/// <param name="EndSuffix">Put after the last character of a piece.</param>
internal sealed record BpeOptions(string? UnknownToken, bool FuseUnknown, bool ByteFallback, bool IgnoreMerges, string ContinuingPrefix, string EndSuffix);
