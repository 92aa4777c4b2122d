using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>RM-V, CM-V and Beaver-Guard-V, each from the precursor with a new head.</summary>
internal static class ScoreStages
{
    public static string Reward(DemoContext context) => Train(context, DemoContext.RewardModel, ModelKind.Reward,
        (scorer, data, run) => RewardTrainer.Train(scorer, data, context.Settings.Reward, run));

    public static string Cost(DemoContext context) => Train(context, DemoContext.CostModel, ModelKind.Cost,
        (scorer, data, run) => CostTrainer.Train(scorer, data, context.Settings.Cost, run));

    public static string Guard(DemoContext context)
    {
        using VisionLanguageModel backbone = context.Model(DemoContext.Start);
        using GuardModel guard = GuardModel.Create(backbone, context.Settings.Seed);
        using TrainingRun run = context.NewRun(DemoContext.GuardFolder);
        guard.Config = GuardTrainer.Train(new ScorerRole(backbone, guard.Scores.Head), context.Data(DemoContext.PairData), context.Settings.Guard, run, Label);
        guard.Save(context.Folders.Model(DemoContext.GuardFolder), new SaveOptions { Overwrite = true });
        return "verdict, categories, severity";
    }

    /// <summary>
    /// The world's labels: an answer by the row's noisy rate; a prompt alone by what complying with its question would do under the image's severity. A
    /// harmful question adds its own category to the row's.
    /// </summary>
    private static GuardLabel Label(ConversationRecord row, int response)
    {
        (string question, string category) = (row.Messages[^1].Text, row.Labels.Category!);
        GuardLabel? own = GuardLabelSource.FromColumns(row, response);
        int severity = response > 0 ? own!.Severity!.Value : Question.Find(question)!.EffectiveSeverity(row.Labels.ImageSeverity!.Value);
        return new GuardLabel(severity > 0, severity > 0 ? Question.CategoriesOf(question, category) : [], severity);
    }

    private static string Train(DemoContext context, string name, ModelKind kind, Action<ScorerRole, TrainingData, TrainingRun> train)
    {
        bool shared = context.Settings.Sharing == Sharing.Backbone;
        using VisionLanguageModel backbone = shared ? context.Frozen(DemoContext.Start) : context.Model(DemoContext.Start);
        using ScoreHead head = ScoreHead.Create(backbone.HiddenSize, ModelKinds.Outputs(kind), context.Settings.Seed, name, kind: kind);
        LoraAdapter? adapter = shared ? backbone.Adapters.Create(name, context.Settings.Lora!.ToConfig(context.Folders.Model(DemoContext.Start)),
            context.Settings.Seed) : null;
        using TrainingRun run = context.NewRun(name);
        train(new ScorerRole(backbone, head, adapter?.Name), context.Data(DemoContext.PairData), run);
        if (adapter is not null)
        {
            // the adapter is for PPO; whoever else looks at the score model takes a whole one
            adapter.Save(context.Folders.Model(DemoContext.AdapterOf(name)), overwrite: true);
            head.Save(context.Folders.Model(DemoContext.AdapterOf(name)));
            adapter.Merge();
        }
        using ScoreModel model = new(backbone, head);
        model.Save(context.Folders.Model(name), new SaveOptions { Overwrite = true });
        return $"{context.Settings.Pairs} pairs";
    }
}
