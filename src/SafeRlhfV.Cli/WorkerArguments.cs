using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Annotation;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary>The options of verbs that can share their work through a queue, and what they print.</summary>
internal sealed class WorkerArguments
{
    private readonly Option<string?> queue = Queue(required: false);
    private readonly Option<string?> job = new("--job")
    {
        Description = "The job's name in the queue; workers that name the same one share it. The name of OUT where it is left out.",
    };
    private readonly Option<string?> worker = new("--worker")
    {
        Description = "What 'data queue status' calls this worker; the machine's name and the process's number where it is left out.",
    };
    private readonly Option<int> shard = new("--shard") { Description = "Pairs of a shard, about.", DefaultValueFactory = _ => 1000 };
    private readonly Option<double> lease = new("--lease")
    {
        Description = "Seconds after a worker's last sign of life until another one may take its shard.",
        DefaultValueFactory = _ => 60,
    };
    private readonly Option<int> attempts = new("--attempts")
    {
        Description = "How often a shard is claimed before it counts as failed.",
        DefaultValueFactory = _ => 5,
    };

    public IEnumerable<Option> All => [queue, job, worker, shard, lease, attempts];

    /// <summary>The option that names a queue.</summary>
    public static Option<string?> Queue(bool required) => new("--queue")
    {
        Description = "The PostgreSQL database that holds the queue, such as postgres://user@host/database; the password may stand in PGPASSWORD.",
        Required = required,
    };

    /// <summary>Whether the work is shared.</summary>
    public bool IsShared(ParseResult parsed) => parsed.GetValue(queue) is not null;

    /// <summary>What was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="target">The data set to write.</param>
    /// <param name="hasShards">Whether the work falls into shards without a queue, too.</param>
    /// <exception cref="InvalidInputException">A number makes no sense, or an option needs a queue that is not named.</exception>
    public WorkerOptions Read(ParseResult parsed, string target, bool hasShards)
    {
        if (!IsShared(parsed) && ((Option[])[job, worker, lease, attempts, .. hasShards ? (Option[])[] : [shard]])
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } lonely)
            throw new InvalidInputException($"{lonely.Name} is for work that is shared; name the queue with --queue.");
        if (parsed.GetValue(shard) < 1) throw new InvalidInputException("--shard must be at least 1.");
        if (parsed.GetValue(lease) is not (>= 0.5 and <= 86_400)) throw new InvalidInputException("--lease must be 0.5 to 86400 seconds.");
        if (parsed.GetValue(attempts) < 1) throw new InvalidInputException("--attempts must be at least 1.");
        WorkerOptions standard = new();
        return standard with
        {
            Queue = parsed.GetValue(queue),
            Job = parsed.GetValue(job) ?? Path.GetFileName(Path.GetFullPath(target)),
            Worker = parsed.GetValue(worker) ?? standard.Worker,
            ShardPairs = parsed.GetValue(shard),
            Lease = TimeSpan.FromSeconds(parsed.GetValue(lease)),
            Attempts = parsed.GetValue(attempts),
        };
    }

    /// <summary>Prints how the order mattered, what models were asked and what went wrong.</summary>
    public static void Print(JobReport report)
    {
        Output.Line(string.Create(CultureInfo.InvariantCulture,
            $"{DataArguments.Count(report.Judgements, "judgement")}; choice changed with the order: "
            + $"helpful {report.OrderDependentHelpful:P0}, safe {report.OrderDependentSafe:P0}; "
            + $"first answer preferred: helpful {report.FirstPreferredHelpful:P0}, safe {report.FirstPreferredSafe:P0}"));
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("model");
        foreach (string name in (string[])["answers", "of the journal", "failed attempts", "tokens in", "tokens out", "cost"])
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach ((string model, ModelTally tally) in report.Tally)
            table.AddRow(Markup.Escape(model), $"{tally.Answers}", $"{tally.FromJournal}", $"{tally.FailedAttempts}", $"{tally.InputTokens}",
                $"{tally.OutputTokens}", tally.Cost.ToString("0.####", CultureInfo.InvariantCulture));
        Output.People.Write(table);
        foreach ((string reason, int count) in report.Failures) Output.Note($"failed {count} times: {reason}");
        if (report.BudgetSpent) Output.Note("the budget is spent; raise it in the settings and run again to resume");
        else if (report.MissingShards.Count > 0)
            Output.Note($"{DataArguments.Count(report.MissingShards.Count, "shard")} without result; 'data queue status --job NAME' says why, "
                + "'data queue retry' hands them out again");
    }
}
