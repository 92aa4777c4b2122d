using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Data;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>RM-V, CM-V and Beaver-Guard-V, each from the precursor with a new head.</summary>
internal static class ScoreStages
{
    /// <summary>RM-V; on one backbone CM-V with it, as the other output of one adapter.</summary>
    public static string Reward(DemoContext context) => context.Settings.Scores is { } joint
        ? Both(context, joint)
        : Train(context, DemoContext.RewardModel, (scorer, data, run) => RewardTrainer.Train(scorer, data, context.Settings.Reward, run));

    /// <summary>CM-V, where RM-V's stage does not make it.</summary>
    public static string Cost(DemoContext context) => context.Settings.Scores is not null
        ? "learnt with RM-V"
        : Train(context, DemoContext.CostModel, (scorer, data, run) => CostTrainer.Train(scorer, data, context.Settings.Cost, run));

    public static string Guard(DemoContext context)
    {
        using VisionLanguageModel backbone = context.Model(DemoContext.Start);
        using GuardModel guard = GuardModel.Create(backbone, context.Settings.Seed);
        using TrainingRun run = context.NewRun(DemoContext.GuardFolder);
        GuardTrainer.Train(new ScorerRole(backbone, guard.Scores.Head), context.Data(DemoContext.PairData), context.Settings.Guard, run, Label);
        guard.Save(context.Folders.Model(DemoContext.GuardFolder), new SaveOptions { Overwrite = true });
        return "verdict, categories, severity";
    }

    /// <summary>
    /// The world's labels: an answer by the row's noisy rate; a prompt alone by what complying with its question would do under the picture's severity. A
    /// harmful question adds its own category to the row's.
    /// </summary>
    private static GuardLabel Label(DatasetRow row, int response)
    {
        (string question, string category) = (row.Text("question")!, row.Text("category")!);
        GuardLabel own = GuardLabelSource.FromColumns(row, response);
        int severity = response > 0 ? own.Severity!.Value : Question.Find(question)!.EffectiveSeverity((int)row.Integer("image_severity")!.Value);
        return new GuardLabel(severity > 0, severity > 0 ? Question.CategoriesOf(question, category) : [], severity);
    }

    private static string Train(DemoContext context, string name, Action<ScorerRole, TrainingData, TrainingRun> train)
    {
        using VisionLanguageModel backbone = context.Model(DemoContext.Start);
        using ScoreHead head = ScoreHead.Create(backbone.HiddenSize, 1, context.Settings.Seed, name);
        using TrainingRun run = context.NewRun(name);
        train(new ScorerRole(backbone, head), context.Data(DemoContext.PairData), run);
        using ScoreModel model = new(backbone, head);
        model.Save(context.Folders.Model(name), new SaveOptions { Overwrite = true });
        return $"{context.Settings.Pairs} pairs";
    }

    private static string Both(DemoContext context, ScoresSettings settings)
    {
        const string Name = "scores";
        using VisionLanguageModel backbone = context.Frozen(DemoContext.Start);
        using ScoreHead head = ScoreHead.Create(backbone.HiddenSize, ScoresTrainer.Outputs, context.Settings.Seed, Name);
        LoraAdapter adapter = backbone.Adapters.Create(Name, context.Settings.Lora!.ToConfig(context.Folders.Model(DemoContext.Start)), context.Settings.Seed);
        using TrainingRun run = context.NewRun(Name);
        ScoresTrainer.Train(new ScorerRole(backbone, head, Name), context.Data(DemoContext.PairData), settings, run);
        adapter.Save(context.Folders.Model(DemoContext.ScoresAdapter), overwrite: true);
        head.Save(context.Folders.Model(DemoContext.ScoresAdapter));
        // the adapter is for PPO; whoever else looks at a score model takes a whole one
        adapter.Merge();
        foreach ((string name, int output) in new[] { (DemoContext.RewardModel, 0), (DemoContext.CostModel, 1) })
        {
            using ScoreHead one = head.Take(output);
            ModelCheckpoint.Save(backbone, context.Folders.Model(name), new SaveOptions { Overwrite = true });
            one.Save(context.Folders.Model(name));
        }
        return $"{context.Settings.Pairs} pairs, both scores";
    }
}
