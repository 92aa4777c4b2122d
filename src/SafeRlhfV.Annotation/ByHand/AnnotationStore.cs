using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>
/// All annotations of a working folder. Every choice is a line of the journal, on the disk before anybody is told that it is saved; the state is what
/// the lines say, read in order.
/// </summary>
internal sealed class AnnotationStore : IDisposable
{
    /// <summary>The two roles.</summary>
    public const string Annotate = "annotate", Adjudicate = "adjudicate";

    private static readonly Comparer<(string Role, string Annotator)> ByName =
        Comparer<(string Role, string Annotator)>.Create((left, right) =>
            string.CompareOrdinal(left.Role, right.Role) is var role and not 0 ? role : string.CompareOrdinal(left.Annotator, right.Annotator));

    private readonly Lock gate = new();
    private readonly TimeProvider clock;
    private readonly AppendOnlyJournal journal;
    private readonly Dictionary<string, SortedDictionary<(string Role, string Annotator), ItemState>> states = [];
    private readonly Dictionary<(string Role, string Annotator), List<(string Item, ItemState Before)>> history = [];
    private readonly Dictionary<string, AnnotationItem> byId;

    /// <summary>Opens the working folder.</summary>
    /// <exception cref="InvalidInputException">The data or a journal cannot be read, or another run works in the folder.</exception>
    public AnnotationStore(string data, string working, AnnotationOptions options, TimeProvider? clock = null)
    {
        (Working, Options, this.clock) = (working, options, clock ?? TimeProvider.System);
        Items = ItemSource.Load(data, working);
        byId = Items.ToDictionary(item => item.Id);
        int[] order = new RandomStream(options.Seed, "annotate/order").Permutation(Items.Count);
        Order = [.. order.Select(i => Items[i])];
        RandomStream overlap = new(options.Seed, "annotate/overlap");
        Overlapping = Order.Where(_ => overlap.Chance(options.Overlap)).Select(item => item.Id).ToHashSet();
        foreach (string other in options.Others)
            foreach (AnnotationEvent line in AppendOnlyJournal.Read<AnnotationEvent>(Path.Combine(other, "annotations.journal.jsonl"))) Apply(line);
        journal = AppendOnlyJournal.Open<AnnotationEvent>(Path.Combine(working, "annotations.journal.jsonl"), Apply);
    }

    public string Working { get; }

    public AnnotationOptions Options { get; }

    /// <summary>The pairs in the data set's order.</summary>
    public IReadOnlyList<AnnotationItem> Items { get; }

    /// <summary>The pairs in the order in which they are shown.</summary>
    public IReadOnlyList<AnnotationItem> Order { get; }

    /// <summary>The pairs that several people label.</summary>
    public IReadOnlySet<string> Overlapping { get; }

    public AnnotationItem? Find(string id) => byId.GetValueOrDefault(id);

    /// <summary>How many labels a pair needs.</summary>
    public int Needed(AnnotationItem item) => Overlapping.Contains(item.Id) ? Options.Labels : 1;

    /// <summary>Which answer stands left for an annotator, 1 or 2.</summary>
    public int LeftAnswer(string annotator, string item) => new RandomStream(Options.Seed, $"annotate/{annotator}/{item}").Chance(0.5) ? 1 : 2;

    public ItemState StateOf(string role, string annotator, string item)
    {
        lock (gate) return states.GetValueOrDefault(item)?.GetValueOrDefault((role, annotator)) ?? ItemState.Untouched;
    }

    /// <summary>The finished labels of a pair: those of a role, by annotator.</summary>
    public IReadOnlyList<(string Annotator, AnnotationRecord Label, AnnotationRecord Own)> LabelsOf(string role, AnnotationItem item)
    {
        lock (gate)
            return [.. (states.GetValueOrDefault(item.Id) ?? []).Where(pair => pair.Key.Role == role && pair.Value.IsDone)
                .Select(pair => (pair.Key.Annotator, AnnotationField.ToRecord(item, pair.Key.Annotator, pair.Value.Choices)!, pair.Value.Own!))];
    }

    /// <summary>Those who have begun or finished a pair and not skipped it.</summary>
    public IReadOnlyList<string> TouchedBy(string item)
    {
        lock (gate)
            return [.. (states.GetValueOrDefault(item) ?? []).Where(pair =>
                pair.Key.Role == Annotate && (pair.Value.Choices.Count > 0 || pair.Value.IsDone) && !pair.Value.IsSkipped).Select(pair => pair.Key.Annotator)];
    }

    /// <summary>Saves a choice.</summary>
    public void Choose(string role, string annotator, string item, string field, string value) =>
        Save(new(clock.GetUtcNow(), "choice", role, annotator, item, field, value));

    /// <summary>Finishes a pair.</summary>
    /// <returns>What stands in the way, in words; null where it is finished.</returns>
    public string? Finish(string role, string annotator, AnnotationItem item)
    {
        lock (gate)
        {
            AnnotationRecord? record = AnnotationField.ToRecord(item, annotator, StateOf(role, annotator, item.Id).Choices);
            if (record is null) return "something is not chosen yet";
            if (record.FindFault() is not null)
                return "the answer you call safer has an unsafe rate while the other has a safe one: change the choice or a rate";
            Save(new(clock.GetUtcNow(), "done", role, annotator, item.Id, SawMachine: role == Annotate && Options.ShowMachine && item.Machine is not null));
            return null;
        }
    }

    /// <summary>Leaves a pair to others.</summary>
    public void Skip(string role, string annotator, string item) => Save(new(clock.GetUtcNow(), "skip", role, annotator, item));

    /// <summary>Takes the annotator's last step back.</summary>
    /// <returns>The pair that it belonged to; null where there is no step.</returns>
    public string? Undo(string role, string annotator)
    {
        lock (gate)
        {
            if (history.GetValueOrDefault((role, annotator)) is not { Count: > 0 } steps) return null;
            string item = steps[^1].Item;
            Save(new(clock.GetUtcNow(), "undo", role, annotator));
            return item;
        }
    }

    public void Dispose() => journal.Dispose();

    private void Save(AnnotationEvent line)
    {
        lock (gate)
        {
            journal.Append(line);
            Apply(line);
        }
    }

    private void Apply(AnnotationEvent line)
    {
        if (!history.TryGetValue((line.Role, line.Annotator), out List<(string Item, ItemState Before)>? steps))
            history[(line.Role, line.Annotator)] = steps = [];
        if (line.Kind == "undo")
        {
            if (steps.Count == 0) return;
            (string undone, ItemState before) = steps[^1];
            steps.RemoveAt(steps.Count - 1);
            ItemState current = StateOf(line.Role, line.Annotator, undone);
            // what was seen cannot be unseen
            states[undone][(line.Role, line.Annotator)] = current.SawMachine ? before with { SawMachine = true, Own = current.Own } : before;
            return;
        }
        // a pair that is no longer in the data keeps its lines, unread
        if (line.Item is null || !byId.TryGetValue(line.Item, out AnnotationItem? item)) return;
        ItemState state = StateOf(line.Role, line.Annotator, line.Item);
        ItemState after = line.Kind switch
        {
            "choice" when line.Field is not null && line.Value is not null && AnnotationField.Values.TryGetValue(line.Field, out IReadOnlyList<string>? values)
                && values.Contains(line.Value) =>
                state with { Choices = new Dictionary<string, string>(state.Choices) { [line.Field] = line.Value }, IsDone = false, IsSkipped = false },
            "done" when AnnotationField.ToRecord(item, line.Annotator, state.Choices) is { } record => state with
            {
                IsDone = true,
                IsSkipped = false,
                Own = state.SawMachine ? state.Own : record,
                SawMachine = state.SawMachine || line.SawMachine == true,
            },
            "skip" => state with { IsSkipped = true, IsDone = false },
            _ =>
                throw new InvalidInputException($"{Working}: the journal holds a step '{line.Kind}' of {line.Annotator} that is not understood (field "
                    + $"{line.Field ?? "none"}, value {line.Value ?? "none"}); mend or remove that line."),
        };
        steps.Add((line.Item, state));
        if (!states.TryGetValue(line.Item, out SortedDictionary<(string Role, string Annotator), ItemState>? here)) states[line.Item] = here = new(ByName);
        here[(line.Role, line.Annotator)] = after;
    }
}
