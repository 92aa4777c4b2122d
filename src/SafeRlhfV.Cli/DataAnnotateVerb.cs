using System.CommandLine;
using SafeRlhfV.Annotation;

namespace SafeRlhfV.Cli;

/// <summary><c>data annotate</c>: a local page on which people label pairs; <c>--export</c> writes what is settled.</summary>
internal static class DataAnnotateVerb
{
    public static Command Create()
    {
        Argument<string> path = new("data")
        {
            Description = "A paired data set, or a JSONL file of pairs without labels (question, image, response_1, response_2), such as contested.jsonl of "
                + "'data make'."
        };
        Option<string> working = new("--work")
        {
            Description = "The folder in which every choice is saved. Start again with the same folder to resume.",
            Required = true
        };
        Option<int> labels = new("--labels") { Description = "How many people label a pair that several are to label.", DefaultValueFactory = _ => 2 };
        Option<double> overlap = new("--overlap") { Description = "The share of pairs that several people label.", DefaultValueFactory = _ => 1 };
        Option<long> seed = new("--seed") { Description = "Decides the order of pairs and answers, and which pairs overlap." };
        Option<bool> machine = new("--show-machine") { Description = "Show the labels that a pair came with, after one's own choice." };
        Option<string[]> others = new("--with") { Description = "Working folders of others, whose labels count too.", AllowMultipleArgumentsPerToken = true };
        Option<int> port = new("--port") { Description = "The port on 127.0.0.1; any that is free where it is left out." };
        Option<string?> export = new("--export") { Description = "Serve no page: write the settled pairs as a data set to this folder." };
        Option<bool> status = new("--status") { Description = "Serve no page: only count." };
        Option<string> split = new("--split") { Description = "The split that exported pairs go to.", DefaultValueFactory = _ => "train" };
        Option<bool> overwrite = DataArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("annotate",
            "Label pairs by hand on a local page. Example: safe-rlhf-v data annotate data/mine.making/contested.jsonl --work labels")
        {
            path, working, labels, overlap, seed, machine, others, port, export, status, split, overwrite, json,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(labels) is < 1 or > 100) throw new InvalidInputException("--labels must be 1 to 100.");
            if (parsed.GetValue(overlap) is not (>= 0 and <= 1)) throw new InvalidInputException("--overlap must be a share, 0 to 1.");
            if (parsed.GetValue(port) is < 0 or > 65535) throw new InvalidInputException("--port must be 0 to 65535.");
            AnnotationOptions options = new()
            {
                Labels = parsed.GetValue(labels),
                Overlap = parsed.GetValue(overlap),
                Seed = parsed.GetValue(seed),
                ShowMachine = parsed.GetValue(machine),
                Others = parsed.GetValue(others) ?? [],
            };
            string data = parsed.GetRequiredValue(path), work = parsed.GetRequiredValue(working);
            if (parsed.GetValue(export) is not null || parsed.GetValue(status))
            {
                AnnotationReport report = AnnotationExport.Run(data, work, options, parsed.GetValue(export), parsed.GetRequiredValue(split),
                    parsed.GetValue(overwrite));
                if (parsed.GetValue(json)) Output.Json(report);
                else Print(report);
                return 0;
            }
            await using AnnotationServer server = await AnnotationServer.StartAsync(data, work, options, parsed.GetValue(port));
            if (parsed.GetValue(json)) Output.Json(new { server.Address, server.Items });
            else Output.Line(server.Address);
            Output.Note($"{DataArguments.Count(server.Items, "pair")}; open the address in a browser on this machine. "
                + $"Each choice is saved at once in {work}; Ctrl-C ends it.");
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Output.Note($"ended; 'data annotate {data} --work {work} --export FOLDER' writes what is settled.");
            }
            return 0;
        });
        return command;
    }

    private static void Print(AnnotationReport report)
    {
        Output.Line($"{DataArguments.Count(report.Items, "pair")}: {report.Settled} settled ({report.Adjudicated} adjudicated), "
            + $"{report.Disputed} disputed, {report.Waiting} waiting "
            + "for labels");
        foreach (string line in AgreementLines.Of(report.Agreement)) Output.Line(line);
        if (report.Folder is not null) Output.Line(report.Folder);
    }
}
