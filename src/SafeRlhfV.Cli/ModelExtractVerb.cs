using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary><c>model extract</c>: what training changed in a whole model, as an adapter on the model that it started from.</summary>
internal static class ModelExtractVerb
{
    private const int MostRank = 1 << 16;

    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "The trained model's folder.", Required = true };
        Option<string> start = new("--base") { Description = "The folder of the model that it was trained from.", Required = true };
        Option<int> rank = new("--rank") { Description = "Rank of the low-rank products.", DefaultValueFactory = _ => 64 };
        Option<string> folder = CheckpointArguments.Out();
        Option<bool> overwrite = CheckpointArguments.Overwrite(), json = Output.JsonOption();
        Command command = new("extract",
            "Write what training changed in a whole model as a LoRA adapter on the model that it started from; a score head goes along. Example: safe-rlhf-v "
                + "model extract --model runs/reward --base models/llava --out runs/reward-adapter")
        {
            model, start, rank, folder, overwrite, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            int wanted = parsed.GetValue(rank);
            if (wanted is < 1 or > MostRank) throw new InvalidInputException($"--rank {wanted} must lie from 1 to {MostRank}.");
            string to = parsed.GetRequiredValue(folder);
            string trained = ResultFolder.Find(parsed.GetRequiredValue(model)), below = ResultFolder.Find(parsed.GetRequiredValue(start));
            if (LoraConfig.IsIn(trained)) throw new InvalidInputException($"--model {trained}: is an adapter already; there is nothing to extract.");
            double kept = AdapterExtraction.Extract(trained, below, wanted, to, parsed.GetValue(overwrite));
            if (parsed.GetValue(json)) Output.Json(new { Folder = Path.GetFullPath(to), Rank = wanted, Kept = kept });
            else
            {
                Output.Line(to);
                Output.Line(string.Create(CultureInfo.InvariantCulture, $"rank {wanted} keeps {kept:P1} of the matrices' change"));
            }
            return Task.FromResult(0);
        });
        return command;
    }
}
