using System.Collections.Concurrent;
using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>
/// What one pass over a guard's data finds before the first step: which texts fit, and how many of each side are safe and unsafe. A verdict can only be learnt
/// from both classes: with one, a guard learns to say the same of everything.
/// </summary>
internal sealed class GuardCensus
{
    private readonly ConcurrentBag<Texts> rows = [];
    private readonly TrainingData data;
    private readonly Classes prompts = new(), answers = new();

    private GuardCensus(TrainingData data) => this.data = data;

    /// <summary>Looks at every row.</summary>
    /// <exception cref="InvalidInputException">A row is damaged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static GuardCensus Take(TrainingData data, SampleEncoder encoder, Func<ConversationRecord, int, GuardLabel?> label,
        CancellationToken cancellationToken)
    {
        GuardCensus census = new(data);
        SampleEncoder lengths = encoder.ForLengths();
        data.ForEach(GuardLabelSource.Parts, row =>
        {
            Fit Of(int side, Classes classes)
            {
                if (label(row, side) is not { } said || side > row.Answers.Count) return Fit.Empty;
                if (GuardTrainer.Encode(row, side, lengths) is null) return Fit.TooLong;
                classes.Add(said);
                return Fit.Usable;
            }
            census.rows.Add(new Texts(row.Source, row.Kind == RecordKind.Pair, Of(GuardSides.Prompt, census.prompts), Of(1, census.answers),
                Of(2, census.answers)));
        }, cancellationToken);
        return census;
    }

    /// <summary>Refuses answers of one class.</summary>
    /// <exception cref="InvalidInputException">No answer fits, all answers are safe, or all are unsafe.</exception>
    public void DemandAnswers()
    {
        if (answers.Count == 0) data.Demand(new UsableRows(rows.Count, 0, rows.LongCount(row => row.First == Fit.TooLong || row.Second == Fit.TooLong)),
            GuardLabelSource.Parts);
        if (!answers.AreBoth)
            throw new InvalidInputException($"{data.Path}: all {answers.Count} answers that fit are labelled {answers.Only}; a guard learns nothing from one "
                + $"class, so add answers that are {(answers.Only == "safe" ? "unsafe" : "safe")}.");
    }

    /// <summary>Whether prompts can be learnt; else why not.</summary>
    /// <param name="safePrompts">Harmless prompts of another data set.</param>
    public string? PromptFault(long safePrompts)
    {
        if (prompts.Unsafe > 0 && prompts.Safe + safePrompts > 0) return null;
        const string Left = "so prompts alone are left out and the guard judges answers only (judges_prompts: false)";
        if (prompts.Count + safePrompts == 0) return $"no row says whether its prompt is harmful (image_severity), {Left}.";
        string add = prompts.Unsafe == 0 ? "rows with harmful images" : "harmless questions as data.safe_prompts";
        return $"all {prompts.Count + safePrompts} prompts are labelled {(prompts.Unsafe == 0 ? "safe" : "unsafe")}, {Left}; to train on prompts add {add}.";
    }

    /// <summary>Texts that a number of epochs learn from, as far as they are wanted, and how many rows of the first one are left out.</summary>
    public (long Texts, UsableRows Rows) Usable(GuardSides sides, double epochs, long wanted)
    {
        long Of(long epoch, Fit fit = Fit.Usable) => rows.LongCount(row => row.Of(sides.Of(row.Position, row.IsPair, epoch)) == fit);
        long first = Of(0), whole = (long)Math.Floor(epochs), texts = 0;
        for (long epoch = 0; epoch < whole && texts < wanted; epoch++) texts += epoch == 0 ? first : Of(epoch);
        if (epochs > whole && texts < wanted) texts += (long)Math.Ceiling((epochs - whole) * (whole == 0 ? first : Of(whole)));
        return (texts, data.Demand(new UsableRows(rows.Count, first, Of(0, Fit.TooLong)), GuardLabelSource.Parts));
    }

    private enum Fit
    {
        Usable,
        TooLong,
        Empty,
    }

    private readonly record struct Texts(RowPosition Position, bool IsPair, Fit Prompt, Fit First, Fit Second)
    {
        public Fit Of(int side) => side switch { GuardSides.Prompt => Prompt, 1 => First, _ => Second };
    }

    private sealed class Classes
    {
        private long safe, harmful;

        public long Safe => safe;

        public long Unsafe => harmful;

        public long Count => safe + harmful;

        public bool AreBoth => safe > 0 && harmful > 0;

        public string Only => safe > 0 ? "safe" : "unsafe";

        public void Add(GuardLabel label)
        {
            if (label.Unsafe) Interlocked.Increment(ref harmful);
            else Interlocked.Increment(ref safe);
        }
    }
}
