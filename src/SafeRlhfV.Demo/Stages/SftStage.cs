using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>Writes the instruction data and makes the precursor policy, where all methods start.</summary>
internal static class SftStage
{
    public static string Run(DemoContext context)
    {
        AnswerData.Write(context, DemoContext.SftData, "SafetyWorld instruction samples", context.World.SftSamples(context.Settings.SftSamples));
        using VisionLanguageModel model = context.Model(DemoContext.Tower);
        PolicyRole policy = new(model);
        using TrainingRun run = context.NewRun(DemoContext.SftData);
        SftTrainer.Train(policy, context.Data(DemoContext.SftData), context.Settings.Sft, run);
        ModelCheckpoint.Save(model, context.Folders.Model(DemoContext.Start), new SaveOptions { Overwrite = true });
        return $"{context.Settings.SftSamples} samples";
    }
}
