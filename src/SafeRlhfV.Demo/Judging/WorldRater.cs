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
        // a world of another seed has images of the same names, with other questions
        row.Images is [{ Path: { } image }] && new World(seed).FindPrompt(image) is { } prompt && prompt.Text == TextOf(row)
            && prompt.Scene.Severity == row.Labels.ImageSeverity
            ? answer => Oracle.Rate(prompt, answer).Helpfulness : null;

    private static string TextOf(ConversationRecord row) => row.Prompt is [{ } only] ? only.Text : "";
}
