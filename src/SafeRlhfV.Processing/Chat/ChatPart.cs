namespace SafeRlhfV.Processing;

/// <summary>A piece of a turn: text or an image.</summary>
public abstract record ChatPart;
