namespace SafeRlhfV.Processing;

/// <summary>A piece of a turn: text or a picture.</summary>
public abstract record ChatPart;
