namespace SafeRlhfV.Training;

/// <summary>How a learning rate falls after its warm-up.</summary>
public enum ScheduleShape
{
    /// <summary>It stays at its peak.</summary>
    Constant,

    /// <summary>Half a cosine down to the floor.</summary>
    Cosine,

    /// <summary>A straight line down to the floor.</summary>
    Linear,
}
