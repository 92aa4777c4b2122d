using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Inference.Tests;

/// <summary>
/// Checkpoints in the built-in world's form with random weights, made once: a chat model, an adapter over it, a reward model, and a guard that has learnt a
/// rule.
/// </summary>
public sealed class TinyModels : IDisposable
{
    /// <summary>Questions that hold this word are unsafe to the guard, by their label.</summary>
    public const string UnsafeWord = "hurt";

    private readonly TemporaryFolder folder = new();

    public TinyModels()
    {
        set_num_threads(1); // tiny models, and test projects that run side by side
        WorldCheckpointFiles.Write(folder.At("files"));
        using (VisionLanguageModel model = ModelFactory.Create(ModelConfig.Load(folder.At("files")), seed: 5, new Initialization { Deviation = 0.2 }))
        {
            ModelCheckpoint.Save(model, Chat, new SaveOptions { FilesFrom = folder.At("files") });
            LoraAdapter adapter = model.Adapters.Create("a", LoraConfig.ForLanguageModel(4, 64) with { BaseModel = "chat" }, 3);
            using (no_grad()) foreach (TorchSharp.Modules.Parameter parameter in adapter.Parameters) parameter.normal_(0, 0.3);
            adapter.Save(Adapter);
            using ScoreModel reward = new(model, ScoreHead.Create(model.HiddenSize, 1, 7));
            reward.Save(Reward, new SaveOptions { FilesFrom = folder.At("files") });
        }
        TrainGuard();
    }

    public string Chat => folder.At("chat");

    public string Adapter => folder.At("adapter");

    public string Reward => folder.At("reward");

    public string Guard => folder.At("guard");

    public string At(string name) => folder.At(name);

    /// <summary>A copy of one of them, in which one weight of the language model is no number.</summary>
    public string Broken(string of)
    {
        string broken = $"{of}-broken";
        if (Directory.Exists(broken)) return broken;
        Directory.CreateDirectory(broken);
        foreach (string file in Directory.EnumerateFiles(of)) File.Copy(file, Path.Combine(broken, Path.GetFileName(file)));
        using VisionLanguageModel model = ModelCheckpoint.Load(of);
        using (no_grad())
        {
            TorchSharp.Modules.Parameter weight =
                model.named_parameters().First(named => named.name.EndsWith("layers.0.mlp.down_proj.weight", StringComparison.Ordinal)).parameter;
            weight[0, 0] = double.NaN;
        }
        ModelCheckpoint.Save(model, folder.At("weights"), new SaveOptions { FilesFrom = of, Overwrite = true });
        foreach (string file in Directory.EnumerateFiles(folder.At("weights"), "model*.safetensors*"))
            File.Copy(file, Path.Combine(broken, Path.GetFileName(file)), overwrite: true);
        return broken;
    }

    /// <summary>An image of the built-in world.</summary>
    public static RgbImage Image(int number) => new World(1).TestPrompts(number + 1).Last().Image;

    public void Dispose() => folder.Dispose();

    private void TrainGuard()
    {
        ModelProcessor processor = ModelProcessor.Load(Chat);
        using GuardModel guard = GuardModel.Create(ModelCheckpoint.Load(Chat), 9);
        string[] questions = [.. new World(2).TestPrompts(400).Select(prompt => prompt.Question.Text).Distinct()];
        EncodedPrompt[] prompts = [.. questions.Select(question => processor.EncodePrompt(question, null))];
        bool[] wanted = [.. questions.Select(question => question.Contains(UnsafeWord))];
        optim.Optimizer adam = optim.Adam(guard.Scores.parameters(), 2e-3);
        for (int step = 0; step < 40; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            TokenBatch batch = processor.Batch(prompts);
            GuardOutput logits = guard.Logits(batch.Ids_BL, batch.Mask_BL, null);
            Tensor labels = tensor(wanted.Select(one => one ? 1f : 0f).ToArray());
            Tensor loss = nn.functional.binary_cross_entropy_with_logits(logits.Verdict_B, labels)
                + nn.functional.cross_entropy(logits.Severities_BS, labels.to(ScalarType.Int64) * 3);
            adam.zero_grad();
            loss.backward();
            adam.step();
        }
        guard.Config = guard.Config with { Temperatures = new GuardTemperatures(1.5, 1, 1) };
        guard.Save(Guard);
    }
}
