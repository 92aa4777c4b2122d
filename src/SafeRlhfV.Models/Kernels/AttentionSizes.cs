namespace SafeRlhfV.Models;

/// <summary>The sizes of an attention over whole texts.</summary>
/// <param name="Rows">Texts.</param>
/// <param name="Columns">Columns of a text.</param>
/// <param name="From">The first column whose output is wanted.</param>
/// <param name="Heads">Heads of queries.</param>
/// <param name="KeyValueHeads">Heads of keys and values.</param>
/// <param name="HeadSize">Numbers of a head.</param>
/// <param name="IsJoint">Queries, keys and values lie side by side in one tensor.</param>
/// <param name="IsCausal">A column does not see those after it.</param>
/// <param name="Scale">What scores are multiplied by.</param>
/// <param name="BiasRows">Rows of the bias: 0 = there is none, 1 = one for all texts.</param>
internal sealed record AttentionSizes(long Rows, int Columns, int From, int Heads, int KeyValueHeads, int HeadSize, bool IsJoint, bool IsCausal, float Scale,
    long BiasRows)
{
    /// <summary>Columns whose output is wanted.</summary>
    public int Wanted => Columns - From;

    /// <summary>Heads of queries to a head of keys.</summary>
    public int Group => Heads / KeyValueHeads;

    /// <summary>Tensors that hold the projections.</summary>
    public int Inputs => IsJoint ? 1 : 3;

    /// <summary>Pieces of work: a text and a head of keys each.</summary>
    public int Pieces => (int)Rows * KeyValueHeads;
}
