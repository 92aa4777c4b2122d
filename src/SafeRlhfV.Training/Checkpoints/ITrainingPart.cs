namespace SafeRlhfV.Training;

/// <summary>Something with state that a run must carry over a stop: a model, an adapter, a head, an optimizer, a cursor, a multiplier.</summary>
public interface ITrainingPart
{
    /// <summary>Writes the state into a folder of its own, which exists.</summary>
    void Save(string folder);

    /// <summary>Takes the state back, exact to the bit.</summary>
    /// <exception cref="InvalidInputException">The state belongs to something else.</exception>
    void Load(string folder);
}
