namespace SafeRlhfV.Training;

/// <summary>A part of a run whose state is spread over ranks: rank 0 saves it, and the others take part.</summary>
internal interface IShardedPart : ITrainingPart
{
    /// <summary>Called on the other ranks while rank 0 saves.</summary>
    void SaveWithFirst();
}
