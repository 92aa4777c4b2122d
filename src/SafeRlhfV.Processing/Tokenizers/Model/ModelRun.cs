namespace SafeRlhfV.Processing;

/// <summary>A model with one thread's working memory.</summary>
internal abstract class ModelRun
{
    /// <summary>Appends the ids of a piece.</summary>
    public abstract void Append(ReadOnlySpan<char> piece, IdBuffer ids);
}
