using System.CommandLine;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>model card</c>: the Markdown that goes with a model, from its training run and its results.</summary>
internal static class ModelCardVerb
{
    public static Command Create()
    {
        Argument<string> run = new("run") { Description = "The folder of a finished training run." };
        Option<string[]> results = new("--results")
        {
            Description = "The model's own result first, or the run of 'align' that made it; then those of other models and of judges, as 'eval compare' takes "
                + "them.",
            AllowMultipleArgumentsPerToken = true
        };
        Option<string> target = new("--out") { Description = "The file, such as README.md beside the weights.", Required = true };
        Option<string?> name = new("--name") { Description = "The model's name; the run's folder where left out." },
            baseModel = new("--base-model") { Description = "The base model's name, such as its id on the hub; its folder's name where left out." },
            license = new("--license") { Description = "The model's license; what the base model's card states where left out." },
            limits = new("--limits") { Description = "A Markdown file with limits that you state, added to the card's own." };
        Option<string[]> language = new("--language") { Description = "Codes of its languages, such as en.", AllowMultipleArgumentsPerToken = true };
        Option<bool> overwrite = new("--overwrite") { Description = "Replace a file that is there." };
        Option<bool> json = Output.JsonOption();
        Command command = new("card", "Write a model's card. Example: safe-rlhf-v model card runs/ppo --results results/ppo results/start --license "
            + "apache-2.0 --out runs/ppo/README.md")
        { run, results, target, name, baseModel, license, limits, language, overwrite, json };
        command.SetAction((parsed, cancellationToken) =>
        {
            string file = parsed.GetRequiredValue(target);
            if (Directory.Exists(file)) throw new InvalidInputException($"--out {file}: is a folder; name a file, such as {Path.Combine(file, "README.md")}.");
            if (File.Exists(file) && !parsed.GetValue(overwrite))
                throw new InvalidInputException($"--out {file}: is there already; give --overwrite to replace it.");
            ModelCard card = RunCard.Read(parsed.GetRequiredValue(run), parsed.GetValue(name), parsed.GetValue(baseModel));
            card = card with
            {
                License = parsed.GetValue(license) ?? card.BaseLicense,
                Languages = parsed.GetValue(language) ?? [],
                Limits = parsed.GetValue(limits) is { } own ? DiskErrors.Reading(own, () => File.ReadAllText(own)) : "",
            };
            if (parsed.GetValue(results) is { Length: > 0 } places) card = Measured(card, parsed.GetRequiredValue(run), places);
            AtomicFile.Write(file, card.Write());
            if (card.License is null) Output.Note("the card states no license; give one with --license.");
            if (parsed.GetValue(json)) Output.Json(new { File = Path.GetFullPath(file), card.Name, card.BaseModel, card.License });
            else Output.Line(file);
            return Task.FromResult(0);
        });
        return command;
    }

    private static ModelCard Measured(ModelCard card, string run, IReadOnlyList<string> places)
    {
        (IReadOnlyList<ComparedResult> benched, IReadOnlyList<JudgeResult> judged) = EvalCompareVerb.Read(places);
        // differences are to another model, so the own one stands last; of a run of 'align' it is the aligned one, which stands behind the start
        (string name, string place) = EvalCompareVerb.Named(places[0]);
        AlignedRun? aligned = AlignedRun.In(place);
        ComparedResult? own = benched.FirstOrDefault(result => aligned is null || result.Name == name);
        // a copy of the model, merged or moved, may have been measured; a reader must know that it was not this folder
        if (own is not null && Directory.Exists(own.Model) && !IsOf(run, own.Model))
            Output.Note($"warning: {own.Name} comes first in --results, so its figures are the card's own; it measured {own.Model}, not {run}.");
        string[] wanted = [.. own?.Benchmarks.Select(suite => suite.Name) ?? []];
        ComparedResult[] others = [.. benched.Where(result => result != own)
            .Select(other => other with { Benchmarks = [.. other.Benchmarks.Where(suite => wanted.Contains(suite.Name))] })
            .Where(other => other.Benchmarks.Count > 0)];
        foreach (ComparedResult other in benched.Where(other => other != own && !others.Any(one => one.Name == other.Name)))
            Output.Note($"{other.Name}: is left out; it has no benchmark that {own?.Name ?? name} has.");
        Comparison measured = Comparison.Of([.. others, .. own is null ? [] : (ComparedResult[])[own]], judged, people: null, gallery: 0, least: 1);
        return card with
        {
            Measured = measured,
            MeasuredAs = own?.Name ?? judged[0].Candidate,
            OtherFigures = aligned is null ? "" : AlignReport.HeadTables(HeadFigure.Of(aligned.Heads()), aligned.Judges(), "###"),
        };
    }

    // a run's result is the run's model, and so are folders below it
    private static bool IsOf(string run, string model) => Path.GetFullPath(ResultFolder.Find(model)) is var measured
        && (measured == Path.GetFullPath(ResultFolder.Find(run))
            || measured.StartsWith(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run)) + Path.DirectorySeparatorChar, StringComparison.Ordinal));
}
