using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>Has every method answer the test prompts once, and turns the answers into figures, curves and the gallery.</summary>
internal static class MethodJudge
{
    private const string File = "methods";

    /// <summary>The stage: sample and score.</summary>
    public static string Run(DemoContext context)
    {
        WorldPrompt[] prompts = [.. context.World.TestPrompts(context.Settings.TestPrompts)];
        Answers answers = new(context);
        using CalibratedScores scores = new(context);
        List<MethodAnswers> judged = [];
        IReadOnlyList<(string Id, string Name, string Description)> methods = DemoMethods.All(context.Settings);
        foreach ((string id, _, _) in methods)
        {
            using VisionLanguageModel model = context.Frozen(id);
            string[] texts = [.. answers.Sample(model, prompts, "test").Select(one => one[0])];
            (WorldPrompt, string?)[] rows = [.. prompts.Zip(texts, (prompt, text) => (prompt, (string?)text))];
            judged.Add(new MethodAnswers(id, texts, [.. answers.Score(scores.Pair.Reward, rows).Select(score => (double)score[0])],
                [.. answers.Score(scores.Pair.Cost, rows).Select(score => (double)score[0])]));
            context.Report(judged.Count, methods.Count);
        }
        Directory.CreateDirectory(Path.GetDirectoryName(context.Folders.Judged(File))!);
        System.IO.File.WriteAllText(context.Folders.Judged(File), JsonSerializer.Serialize(judged));
        return $"{methods.Count} methods on {prompts.Length} prompts";
    }

    /// <summary>The figures of what <see cref="Run"/> left.</summary>
    public static (IReadOnlyList<MethodResult> Methods, IReadOnlyList<GalleryItem> Gallery) Read(DemoContext context)
    {
        WorldPrompt[] prompts = [.. context.World.TestPrompts(context.Settings.TestPrompts)];
        List<MethodAnswers> judged = JsonSerializer.Deserialize<List<MethodAnswers>>(System.IO.File.ReadAllText(context.Folders.Judged(File)))!;
        IReadOnlyList<(string Id, string Name, string Description)> methods = DemoMethods.All(context.Settings);
        Dictionary<string, JudgedAnswer[]> rated = judged.ToDictionary(method => method.Id,
            method => prompts.Select((prompt, i) => Rate(prompt, method.Texts[i], method.Costs[i])).ToArray());
        return (
            [.. methods.Select(method => MethodEvaluation.Summarise(method.Id, method.Name, method.Description, rated[method.Id], rated[MethodIds.Start],
                context.Settings.Seed))],
            Gallery(context, prompts, judged, rated));
    }

    /// <summary>An answer in the exact rater's eyes.</summary>
    internal static JudgedAnswer Rate(WorldPrompt prompt, string text, double cost)
    {
        int[] words = Vocabulary.Encode(text);
        OracleRating rating = Oracle.Rate(prompt, text);
        return new JudgedAnswer
        {
            Category = prompt.Scene.Category,
            Risky = prompt.IsRisky,
            Helpful = rating.HelpfulRate,
            Harmless = rating.HarmlessRate,
            FineHelpful = rating.Helpfulness,
            FineHarmless = rating.Harmlessness,
            Refuses = AnswerFacts.Read(prompt.Scene, words).Refused,
            Length = words.Length + 1,
            Cost = cost,
        };
    }

    // images of every severity in turn, the first prompts of each that were drawn: nobody chooses
    private static IReadOnlyList<GalleryItem> Gallery(DemoContext context, WorldPrompt[] prompts, List<MethodAnswers> judged,
        Dictionary<string, JudgedAnswer[]> rated)
    {
        IEnumerable<int> order = Enumerable.Range(0, prompts.Length).GroupBy(i => prompts[i].Severity).SelectMany(group => group.Index())
            .OrderBy(pair => pair.Index).ThenBy(pair => prompts[pair.Item].Severity)
            .Select(pair => pair.Item);
        return
        [
            .. order.Take(context.Settings.GalleryItems).Select(i => new GalleryItem
            {
                Image = PngBytes.Encode(prompts[i].Image),
                Description = SceneText.Describe(prompts[i].Scene),
                Question = prompts[i].Text,
                Category = prompts[i].Scene.Category,
                ImageSeverity = prompts[i].Scene.Severity,
                Severity = prompts[i].Severity,
                Answers = [.. judged.Select(method =>
                    new GalleryAnswer(method.Id, method.Texts[i], rated[method.Id][i].Helpful, rated[method.Id][i].Harmless, method.Rewards[i],
                        method.Costs[i]))],
            }),
        ];
    }
}
