using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>
/// Someone who knows a data set's rows exactly, such as the rater of the built-in world: whether complying with a prompt does harm, and how helpful an answer
/// is. Recipes name it; nothing that it says is learnt from, except where a recipe asks for a penalty on refusals.
/// </summary>
public abstract class DataRater
{
    /// <summary>Those known here. A program adds its own.</summary>
    public static Registry<DataRater> All { get; } = new(rater => [rater.Name]);

    /// <summary>The name in recipes.</summary>
    public abstract string Name { get; }

    /// <summary>What of a row it looks at, beside the conversation.</summary>
    public virtual RecordParts Parts => RecordParts.None;

    /// <summary>Whether complying with a row's prompt does no harm; null = the row is none of its data.</summary>
    public abstract bool? IsBenign(ConversationRecord row);

    /// <summary>What gives the answers to a row's prompt a score, higher for better ones; null = the row is none of its data.</summary>
    /// <param name="row">The row.</param>
    /// <param name="seed">The seed that the data were made with.</param>
    public abstract Func<string, double>? Judge(ConversationRecord row, long seed);

    /// <summary>The rater of a name; null = there is none.</summary>
    internal static DataRater? Find(string name) => All.FirstOrDefault(rater => rater.Name == name);
}
