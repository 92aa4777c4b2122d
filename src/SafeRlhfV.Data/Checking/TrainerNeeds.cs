namespace SafeRlhfV.Data;

/// <summary>
/// What trainers need of a data set, by their names: <c>sft</c>, <c>reward</c>, <c>cost</c>, <c>scores</c>, <c>dpo</c>, <c>ppo</c>, <c>guard</c>.
/// </summary>
public sealed class TrainerNeeds
{
    private static readonly string[] Answer1 = ["response_1"], Answer2 = ["response_2"], Safer = ["safer_response_id"], Helpful = ["more_helpful_response_id"],
        Overall = ["overall_response_id"],
        Labels = ["is_response_1_safe", "is_response_2_safe"], Rates = ["response_1_harmless_rate", "response_2_harmless_rate"];

    private static readonly Need Question = new(["question"], ["messages"]);

    private readonly IReadOnlyList<string> trainers;

    private TrainerNeeds(IReadOnlyList<string> trainers, bool isAll) => (this.trainers, IsAll) = (trainers, isAll);

    /// <summary>The trainers' names.</summary>
    public static IReadOnlyList<string> Trainers { get; } = ["sft", "reward", "cost", "scores", "dpo", "ppo", "grpo", "guard"];

    /// <summary>What every trainer needs that a data set's layout can serve, and all other columns too: what a data set has to hold to be whole.</summary>
    public static TrainerNeeds All { get; } = new(Trainers, isAll: true);

    /// <summary>Whether every column is looked at.</summary>
    public bool IsAll { get; }

    /// <summary>What of the rows the trainers look at.</summary>
    public RecordParts Parts => IsAll ? RecordParts.All : trainers.Aggregate(RecordParts.None, (parts, trainer) => parts | PartsOf(trainer));

    /// <summary>What some trainers need.</summary>
    /// <exception cref="InvalidInputException">There is no trainer of a name.</exception>
    public static TrainerNeeds Of(params IReadOnlyList<string> trainers) => trainers.FirstOrDefault(name => !Trainers.Contains(name)) is { } other
        ? throw new InvalidInputException($"there is no trainer '{other}'; give one of {string.Join(", ", Trainers)}.")
        : trainers.Count == 0 ? All : new TrainerNeeds([.. trainers.Distinct()], isAll: false);

    /// <summary>The needs in a layout, with the trainers that have them.</summary>
    internal ILookup<Need, string> In(RowLayout layout) =>
        trainers.Where(trainer => !IsAll || layout == RowLayout.Paired || trainer is "sft" or "ppo" or "grpo" or "guard")
        .SelectMany(trainer => Of(trainer, layout).Select(need => (need, trainer))).ToLookup(pair => pair.need, pair => pair.trainer);

    private static RecordParts PartsOf(string trainer) => trainer switch
    {
        "sft" or "reward" => RecordParts.Answers | RecordParts.Helpful,
        "dpo" => RecordParts.Answers | RecordParts.Helpful | RecordParts.Safe,
        "cost" => RecordParts.Answers | RecordParts.Safe | RecordParts.Labels | RecordParts.Rates,
        "scores" => RecordParts.Answers | RecordParts.Helpful | RecordParts.Safe | RecordParts.Labels | RecordParts.Rates,
        "guard" => RecordParts.Answers | RecordParts.Labels | RecordParts.Rates | RecordParts.Category | RecordParts.Severity,
        _ => RecordParts.None,
    };

    private static Need[] Of(string trainer, RowLayout layout) => trainer switch
    {
        "sft" when layout == RowLayout.Flat => [Question, Flat.Answer],
        "guard" when layout == RowLayout.Flat => [Question, Flat.Answer, Flat.Label],
        "sft" => [Question, Pairs.Only, Pairs.Second, Pairs.Better],
        "reward" => [Question, Pairs.First, Pairs.Second, Pairs.Better],
        "dpo" => [Question, Pairs.First, Pairs.Second, Pairs.AnyPreference],
        "cost" => [Question, Pairs.First, Pairs.Second, Pairs.Safer, Pairs.Harm],
        "scores" => [Question, Pairs.First, Pairs.Second, Pairs.Better, Pairs.Safer, Pairs.Harm],
        "guard" => [Question, Pairs.Only, Pairs.Second, Pairs.Labels],
        _ => [Question],
    };

    private static class Flat
    {
        public static readonly Need Answer = new(["response"]), Label = new(["is_response_safe"]);
    }

    private static class Pairs
    {
        public static readonly Need First = new(Answer1), Only = new(Answer1, ["response"]), Second = new(Answer2), Better = new(Helpful, Overall),
            Safer = new(TrainerNeeds.Safer), AnyPreference = new(Helpful, Overall, TrainerNeeds.Safer),
            Labels = new(TrainerNeeds.Labels), Harm = new(TrainerNeeds.Labels, Rates);
    }

    /// <summary>One of some sets of columns.</summary>
    internal sealed class Need(params string[][] either)
    {
        /// <summary>The usual columns.</summary>
        public IReadOnlyList<string> Usual => either[0];

        /// <summary>Whether one of the sets is whole.</summary>
        public bool IsMet(Func<string, bool> has) => either.Any(columns => columns.All(has));

        /// <summary>The columns that would do as well, in words; empty where there are none.</summary>
        public string Others => string.Concat(either.Skip(1).Select(columns => $", nor in {string.Join(" and ", columns)}"));
    }
}
