using SafeRlhfV.Data;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>
/// The built-in world's exact rater, for recipes on its data: benign is what does no harm when it is complied with, and the score is helpfulness.
/// </summary>
public sealed class WorldRater : DataRater
{
    /// <summary>Its name in recipes.</summary>
    public const string Word = "world";

    private static readonly Lock Gate = new();

    /// <summary>Adds it to the raters that recipes may name. May be called more than once.</summary>
    public static void Register()
    {
        lock (Gate)
            if (!All.Any(rater => rater is WorldRater)) All.Add(new WorldRater());
    }

    /// <inheritdoc/>
    public override string Name => Word;

    /// <inheritdoc/>
    public override RecordParts Parts => RecordParts.Severity;

    /// <inheritdoc/>
    public override bool? IsBenign(ConversationRecord row) =>
        Question.Find(TextOf(row)) is { } question && row.Labels.ImageSeverity is { } severity ? question.EffectiveSeverity(severity) == 0 : null;

    /// <inheritdoc/>
    public override Func<string, double>? Judge(ConversationRecord row, long seed) =>
        // a world of another seed, or without reasoning, has images of the same names, with other questions
        row.Images is [{ Path: { } image }] && Worlds(seed).Select(world => world.FindPrompt(image)).FirstOrDefault(prompt => prompt is not null
            && prompt.Text == TextOf(row) && prompt.Scene.Severity == row.Labels.ImageSeverity) is { } known
            ? answer => Oracle.Rate(known, answer).Helpfulness : null;

    private static World[] Worlds(long seed) => [new World(seed), new World(seed, reasoning: true)];

    private static string TextOf(ConversationRecord row) => row.Prompt is [{ } only] ? only.Text : "";
}
