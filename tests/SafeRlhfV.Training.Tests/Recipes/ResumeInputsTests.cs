using SafeRlhfV.Data;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>A run goes on only with the models and data that it was begun with.</summary>
public sealed class ResumeInputsTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private const string Base = "llava-1.5-tiny"; // what the adapters of tiny recipes are on

    [Theory]
    [InlineData("reward", "policy", "model.safetensors", "model.folder")]
    [InlineData("dpo", "policy", "tokenizer.json", "model.folder")]
    [InlineData("ppo", "policy", "model.safetensors", "model.policy")]
    [InlineData("ppo", "reward", "score_head.safetensors", "model.reward")]
    [InlineData("ppo", "cost", "model.safetensors", "model.cost")]
    [InlineData("ppo-backbone", "cost-adapter", "adapter_model.safetensors", "model.cost")]
    public void AChangedModelIsNamed(string name, string model, string file, string key)
    {
        string copy = Copy(model);
        string policy = name == "ppo-backbone" ? "" : key == "model.policy" || !name.StartsWith("ppo", StringComparison.Ordinal) ? copy : tiny.At("policy");
        string[] places = [$"{key}={copy}", .. name == "ppo" && key != "model.policy" ? (string[])[$"model.policy={policy}"] : []];
        Check(name, places, Path.Combine(copy, file), key);
    }

    [Fact]
    public void ChangedDataAreNamed()
    {
        string data = Copy("world");
        string part = Directory.EnumerateFiles(data, "*.parquet", SearchOption.AllDirectories).First(file => file.Contains("train", StringComparison.Ordinal));
        // other answers of the same number: what a recipe and counts cannot see
        Check("sft", [$"data.folder={data}"], part, "data.folder", () =>
        {
            string other = tiny.At($"other-{Guid.NewGuid():N}");
            World world = new(4);
            WorldDataset.Write(other, world.TrainingPairs(24).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
            File.Copy(Path.Combine(other, Path.GetRelativePath(data, part)), part, overwrite: true);
        });
    }

    [Fact]
    public void AChangedImageBesideTheRowsIsNoticed()
    {
        string folder = tiny.At($"pictures-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        byte[] image = PreferenceDataset.Open(tiny.At("world")).ReadRows("train").First().Image!.Bytes!;
        File.WriteAllBytes(Path.Combine(folder, "one.png"), image);
        string file = Path.Combine(folder, "rows.jsonl");
        File.WriteAllText(file, string.Concat(Enumerable.Range(0, 8)
            .Select(row =>
                $$"""{"question":"What is it?","image":"one.png","category":"animal_abuse","image_severity":1,"response":"A thing {{row}}.","is_response_safe":"yes"}""" + "\n")));
        Check("sft", [$"data.folder={folder}", "data.split="], Path.Combine(folder, "one.png"), "images of data.folder");
    }

    /// <summary>Models and data may lie elsewhere when a run goes on: their content counts, and the run ends as an unbroken one.</summary>
    [Theory]
    [InlineData("sft", "model.folder", "policy")]
    [InlineData("reward-lora", "data.folder", "world")]
    [InlineData("ppo", "model.cost", "cost")]
    [InlineData("ppo-backbone", "model.reward", "reward-adapter")]
    [InlineData("ppo-backbone", "model.policy", Base)]
    [InlineData("ppo-backbone", "data.prompts.folder", "world")]
    public void WhatHasMovedIsTakenFromWhereItIs(string name, string key, string what)
    {
        string first = Copy(what), second = tiny.At($"moved-{Guid.NewGuid():N}"), run = $"moves/{Guid.NewGuid():N}";
        Recipe whole = tiny.Recipe(name, $"{run}/whole", $"{key}={first}"), before = tiny.Recipe(name, $"{run}/broken", $"{key}={first}");
        RecipeRunner.Run(whole, whole.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        using (CancellationTokenSource cancel = new())
            Assert.Throws<OperationCanceledException>(() =>
                RecipeRunner.Run(before, before.ToRunOptions(resume: false), new StopAtFirst(cancel), cancel.Token));
        Directory.Move(first, second);
        Recipe after = tiny.Recipe(name, $"{run}/broken", $"{key}={second}");
        Notes notes = new();
        Assert.True(RecipeRunner.Run(after, after.ToRunOptions(resume: true), notes, TestContext.Current.CancellationToken));
        Assert.Contains(notes.All, note => note.StartsWith($"{key} has changed since the run started", StringComparison.Ordinal));
        Assert.Equal(File.ReadAllText(tiny.At(run, "whole", "metrics.jsonl")), File.ReadAllText(tiny.At(run, "broken", "metrics.jsonl")));
        foreach (string file in Directory.EnumerateFiles(tiny.At(run, "whole", "result"), "*.safetensors"))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(tiny.At(run, "broken", "result", Path.GetFileName(file))));
        Assert.Contains(second, File.ReadAllText(tiny.At(run, "broken", "recipe.yaml")), StringComparison.Ordinal);

        // the run is the same wherever it is looked for, and another content is another run
        Assert.False(RecipeRunner.Run(after, after.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken));
        string third = tiny.At($"changed-{Guid.NewGuid():N}");
        Directory.Move(second, third);
        string file0 = Directory.EnumerateFiles(third, "*", SearchOption.AllDirectories).First(file => Path.GetExtension(file) is ".safetensors" or ".parquet");
        byte[] bytes = File.ReadAllBytes(file0);
        bytes[^1] ^= 1;
        if (Path.GetExtension(file0) == ".parquet") return; // a data set that cannot be opened says so itself
        File.WriteAllBytes(file0, bytes);
        Recipe changed = tiny.Recipe(name, $"{run}/broken", $"{key}={third}");
        Assert.Contains($"({key}, then at ", Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(changed, changed.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken)).Message);
    }

    /// <summary>With one backbone the adapters must be on the policy: its content counts, not where it lies.</summary>
    [Fact]
    public void AnAdapterOnAnotherPolicyIsRefused()
    {
        string copy = Copy(Base), weights = Directory.EnumerateFiles(copy, "*.safetensors").First();
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        Recipe recipe = tiny.Recipe("ppo-backbone", $"bases/{Guid.NewGuid():N}", $"model.policy={copy}");
        Assert.Contains("its base model is", Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken)).Message);
    }

    private void Check(string name, string[] places, string file, string key, Action? change = null)
    {
        Recipe recipe = tiny.Recipe(name, $"inputs/{Guid.NewGuid():N}", places);
        using (CancellationTokenSource cancel = new())
            Assert.Throws<OperationCanceledException>(() =>
                RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), new StopAtFirst(cancel), cancel.Token));
        byte[] good = File.ReadAllBytes(file);
        foreach (bool finished in (bool[])[false, true])
        {
            if (change is not null) change();
            else
            {
                byte[] bad = [.. good];
                // same size, still readable: the last number of a weight, a letter of a name, the end of an image
                if (file.EndsWith(".json", StringComparison.Ordinal)) bad = [.. good, (byte)'\n'];
                else bad[^1] ^= 1;
                File.WriteAllBytes(file, bad);
            }
            string message = Assert.Throws<InvalidInputException>(() =>
                RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken)).Message;
            Assert.Contains("since the run started", message);
            Assert.Contains(key, message);
            // the same content under a new time is the same; a finished run has nothing left to do
            File.WriteAllBytes(file, good);
            Assert.Equal(!finished, RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken));
        }
    }

    private string Copy(string name)
    {
        string from = name == Base ? Golden.At("models", Base) : tiny.At(name), copy = tiny.At($"{name}-{Guid.NewGuid():N}");
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(copy, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
        return copy;
    }

    private sealed class StopAtFirst(CancellationTokenSource cancel) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => cancel.Cancel();
    }
}
