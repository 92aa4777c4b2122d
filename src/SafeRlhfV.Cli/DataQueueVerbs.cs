using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Annotation;
using Spectre.Console;

namespace SafeRlhfV.Cli;

/// <summary><c>data queue</c>: the jobs that workers share.</summary>
internal static class DataQueueVerbs
{
    public static Command Create() => new("queue", "Look at the jobs that workers share, and mend them.") { Status(), Retry(), Remove() };

    private static Command Status()
    {
        Option<string?> queue = WorkerArguments.Queue(required: true),
            job = new("--job") { Description = "One job with the shards that a worker has or that failed." };
        Option<bool> json = Output.JsonOption();
        Command command = new("status",
            "Say what is done, claimed by whom, and failed. Example: safe-rlhf-v data queue status "
                + "--queue postgres://user@host/database --job labelled")
        {
            queue, job, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            IReadOnlyList<JobStatus> jobs = await QueueAdministration.StatusAsync(parsed.GetRequiredValue(queue)!, parsed.GetValue(job), cancellationToken);
            if (parsed.GetValue(json)) Output.Json(jobs);
            else Print(jobs);
            return 0;
        });
        return command;
    }

    private static Command Retry()
    {
        Option<string?> queue = WorkerArguments.Queue(required: true);
        Option<string> job = new("--job") { Description = "The job.", Required = true };
        Command command = new("retry",
            "Hand out the failed shards of a job again; then run workers. Example: safe-rlhf-v data queue retry "
                + "--queue postgres://user@host/database --job labelled")
        {
            queue, job,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            int shards = await QueueAdministration.RetryAsync(parsed.GetRequiredValue(queue)!, parsed.GetRequiredValue(job), cancellationToken);
            Output.Line($"{DataArguments.Count(shards, "shard")} handed out again");
            return 0;
        });
        return command;
    }

    private static Command Remove()
    {
        Option<string?> queue = WorkerArguments.Queue(required: true);
        Option<string> job = new("--job") { Description = "The job.", Required = true };
        Command command = new("remove",
            "Take a job out of the queue; its folders stay. Example: safe-rlhf-v data queue remove "
                + "--queue postgres://user@host/database --job labelled")
        {
            queue, job,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await QueueAdministration.RemoveAsync(parsed.GetRequiredValue(queue)!, parsed.GetRequiredValue(job), cancellationToken);
            return 0;
        });
        return command;
    }

    private static void Print(IReadOnlyList<JobStatus> jobs)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("job", "kind", "state");
        foreach (string name in (string[])["shards", "done", "claimed", "waiting", "failed", "items", "cost"])
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (JobStatus job in jobs)
            table.AddRow(Markup.Escape(job.Job), job.Kind, job.Finished is null ? "open" : "finished", $"{job.Shards}", $"{job.Done}", $"{job.Claimed}",
                $"{job.Waiting}", $"{job.Failed}",
                $"{job.ItemsDone} of {job.Items}", job.Cost.ToString("0.####", CultureInfo.InvariantCulture));
        Output.People.Write(table);
        foreach (ShardStatus shard in jobs.SelectMany(job => job.Remarkable))
            Output.Line(string.Create(CultureInfo.InvariantCulture,
                $"shard {shard.Shard}: {shard.State}, {shard.Worker}, attempt {shard.Attempts}, {DataArguments.Count(shard.Items, "item")}")
                + (shard.LeaseSeconds is { } left ? string.Create(CultureInfo.InvariantCulture, $", lease {left:0} s") : "")
                    + (shard.Fault is null ? "" : $": {shard.Fault}"));
    }
}
