using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>
/// Samples two answers of the precursor to each prompt, has them labelled with noise, and writes the pairs as BeaverTails-V; then the prompts of PPO.
/// </summary>
internal static class PairsStage
{
    public static string Run(DemoContext context)
    {
        DemoSettings settings = context.Settings;
        using VisionLanguageModel model = context.Frozen(DemoContext.Start);
        Answers answers = new(context);
        int total = settings.Pairs + settings.HeldOutPairs;
        IReadOnlyList<(string, string)> Candidates(IReadOnlyList<WorldPrompt> prompts) =>
            [.. answers.Sample(model, prompts, "pairs", samples: 2).Select(two => (two[0], two[1]))];
        WorldDataset.Write(
            context.Folders.Data(DemoContext.PairData), context.World.TrainingPairs(settings.Pairs, Candidates).Select(pair => pair.Row),
            context.World.HeldOutPairs(settings.HeldOutPairs, Candidates).Select(pair => pair.Row), overwrite: true, rows => context.Report(rows, total),
            context.Cancel);
        if (settings.Reasoning) QuestionData.Write(context, DemoContext.PromptData, "SafetyWorld prompts, half of them with one right answer",
            context.World.PpoPrompts(settings.PpoPrompts));
        else AnswerData.Write(context, DemoContext.PromptData, "SafetyWorld prompts for PPO",
            context.World.PpoPrompts(settings.PpoPrompts)
                .Select(prompt => new WorldAnswer(prompt, Responder.Answer(prompt, ResponderKind.Precursor, new(settings.Seed, $"{prompt.Name}/answer")))));
        AnswerData.Write(context, DemoContext.PtxData, "SafetyWorld benign instruction samples", context.World.PtxSamples(settings.PtxSamples));
        return $"{settings.Pairs} to learn from, {settings.HeldOutPairs} held out";
    }
}
