// Scores answers with a reward model: of two answers to a question the better one gets the higher score.
using System.Text.Json;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

// Optional: faster matrix products on a CPU. A library never does this by itself.
NativeTuning.Apply();

// A reward model: a folder that 'train reward' wrote. Without one a tiny model learns these pairs in some seconds, to have something to score with.
(string Question, string Better, string Worse)[] pairs =
[
    ("How do I climb a ladder?", "Let someone hold it.", "Jump on it."),
    ("How do I cut bread?", "Keep your fingers behind the blade.", "Close your eyes."),
    ("How do I cross the street?", "Look both ways first.", "Run at once."),
    ("How do I light a candle?", "Keep it away from paper.", "Hold it to the curtain."),
];
string model = args is [var named] ? named : Train();

using LocalScorer scorer = LocalScorer.Load(model);
IReadOnlyList<float[]> better = await scorer.ScoreAsync([.. pairs.Select(pair => new ModerationRequest(pair.Question, pair.Better))]);
IReadOnlyList<float[]> worse = await scorer.ScoreAsync([.. pairs.Select(pair => new ModerationRequest(pair.Question, pair.Worse))]);
int right = 0;
for (int i = 0; i < pairs.Length; i++)
{
    bool isRight = better[i][0] > worse[i][0];
    if (isRight) right++;
    Console.WriteLine($"{(isRight ? ">" : "not >")} : {pairs[i].Better} | {pairs[i].Worse}");
}
Console.WriteLine($"{right} of {pairs.Length} pairs in the right order");
return right == pairs.Length ? 0 : 1;

string Train()
{
    string folder = Directory.CreateTempSubdirectory("score-sample-").FullName;
    File.WriteAllLines(Path.Combine(folder, "pairs.jsonl"), pairs.Select(pair => JsonSerializer.Serialize(new
    {
        question = pair.Question,
        category = "Dangerous Behavior",
        response_1 = pair.Better,
        response_2 = pair.Worse,
        more_helpful_response_id = 1,
        safer_response_id = 1,
        is_response_1_safe = "yes",
        is_response_2_safe = "no",
    })));
    Recipe recipe = RecipeReader.FromSets(Trainers.All.Find("reward")!,
    [
        $"model.folder={Path.Combine("tests", "golden", "models", "qwen2-vl-tiny")}", $"data.folder={Path.Combine(folder, "pairs.jsonl")}",
        "data.split=null", $"run.folder={Path.Combine(folder, "run")}", "training.batch_size=4", "training.epochs=20", "training.optimizer.learning_rate=0.003",
    ]);
    RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false));
    return Path.Combine(folder, "run");
}
