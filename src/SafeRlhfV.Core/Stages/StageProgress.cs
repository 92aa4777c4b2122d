namespace SafeRlhfV.Core;

/// <summary>What work in stages tells while it runs.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Title">What it does, in a few words.</param>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Count">How many stages there are.</param>
/// <param name="Done">Steps done in it.</param>
/// <param name="Total">Steps it takes; 0 where unknown.</param>
/// <param name="Figures">A few figures in words.</param>
/// <param name="State">Whether it begins, goes on, or ends.</param>
public sealed record StageProgress(string Stage, string Title, int Number, int Count, long Done, long Total, string Figures, StageState State);
