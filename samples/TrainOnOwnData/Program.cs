// Trains a tiny model on data of one's own: draws eight images, writes eight pairs, fine-tunes, and asks the trained model.
using System.Text.Json;
using Microsoft.Extensions.AI;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

// The checkpoint to start from; this one is tiny and has random weights, so that the sample takes seconds on a CPU.
string checkpoint = args is [var named] ? named : Path.Combine("tests", "golden", "models", "qwen2-vl-tiny");
string folder = Directory.CreateTempSubdirectory("train-sample-").FullName;

// Optional: faster matrix products on a CPU. A library never does this by itself.
NativeTuning.Apply();

// Data of one's own: images, and a line of JSON for each pair of answers. Fine-tuning learns the answer that helps more.
(string Name, byte Red, byte Green, byte Blue)[] colours = [("red", 220, 20, 20), ("green", 20, 200, 20), ("blue", 20, 20, 220), ("white", 240, 240, 240)];
List<string> lines = [];
foreach ((string name, byte red, byte green, byte blue) in colours)
{
    File.WriteAllBytes(Path.Combine(folder, $"{name}.png"), PngBytes.Encode(Square(red, green, blue)));
    foreach (string question in (string[])["Which colour is this?", "Name the colour."])
        lines.Add(JsonSerializer.Serialize(new
        {
            image = $"{name}.png",
            question,
            category = "Dangerous Behavior",
            response_1 = name,
            response_2 = "I do not know.",
            more_helpful_response_id = 1,
            safer_response_id = 1,
            is_response_1_safe = "yes",
            is_response_2_safe = "yes",
        }));
}
File.WriteAllLines(Path.Combine(folder, "pairs.jsonl"), lines);

// A recipe: the trainer's defaults with some values in their place. RecipeReader.Load reads one from a YAML file.
Recipe recipe = RecipeReader.FromSets(Trainers.All.Find("sft")!,
[
    $"model.folder={checkpoint}", $"data.folder={Path.Combine(folder, "pairs.jsonl")}", "data.split=null", $"run.folder={Path.Combine(folder, "run")}",
    "training.batch_size=8", "training.epochs=150", "training.optimizer.learning_rate=0.01", "training.train_vision_tower=true",
]);
Losses losses = new();
RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), losses);
bool hasLearnt = losses.Last < losses.First / 10;
Console.WriteLine($"{losses.Steps} steps; the loss {(hasLearnt ? "fell to less than a tenth" : $"went from {losses.First:0.000} to {losses.Last:0.000}")}");

// What 'train' wrote is a checkpoint like any other.
using LocalChatClient client = LocalChatClient.Load(Path.Combine(folder, "run"), new LocalOptions { MaxNewTokens = 8 });
int right = 0;
foreach ((string name, _, _, _) in colours)
{
    DataContent image = new(File.ReadAllBytes(Path.Combine(folder, $"{name}.png")), "image/png");
    ChatResponse response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, [image, new TextContent("Which colour is this?")])],
        new ChatOptions { Temperature = 0 });
    Console.WriteLine($"{name}: {response.Text}");
    if (response.Text == name) right++;
}
return hasLearnt && right == colours.Length ? 0 : 1;

static RgbImage Square(byte red, byte green, byte blue)
{
    byte[] pixels = new byte[56 * 56 * 3];
    for (int i = 0; i < pixels.Length; i += 3) (pixels[i], pixels[i + 1], pixels[i + 2]) = (red, green, blue);
    return new RgbImage(56, 56, pixels);
}

/// <summary>Remembers the loss of the first and of the last step.</summary>
internal sealed class Losses : IProgress<TrainingProgress>
{
    public double First { get; private set; }

    public double Last { get; private set; }

    public long Steps { get; private set; }

    public void Report(TrainingProgress value)
    {
        if (Steps == 0) First = value.Metrics["loss"];
        (Last, Steps) = (value.Metrics["loss"], value.Done);
    }
}
