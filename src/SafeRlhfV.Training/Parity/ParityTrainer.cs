using System.Globalization;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Runs the trainings of reference cases as <c>train sft</c> runs any other: from a recipe.</summary>
public static class ParityTrainer
{
    /// <summary>Trains.</summary>
    /// <exception cref="InvalidInputException">The folder or the data cannot be used, or the training diverged.</exception>
    public static ParityTrainingResult Train(ParityTrainingTask task)
    {
        Recipe recipe = RecipeReader.FromSets(Trainers.All.Find("sft")!,
        [
            $"model.folder={Quote(task.Model)}", "model.dtype=float32", $"data.folder={Quote(task.Data)}", $"run.folder={Quote(task.Folder)}",
            $"training.batch_size={task.BatchSize}", $"training.epochs={task.Steps}", $"training.train_vision_tower={Word(task.TrainVisionTower)}",
            "training.optimizer.schedule=constant", "training.optimizer.warmup_fraction=0", $"training.optimizer.learning_rate={Number(task.LearningRate)}",
            $"training.optimizer.beta1={Number(task.Beta1)}", $"training.optimizer.beta2={Number(task.Beta2)}",
            $"training.optimizer.epsilon={Number(task.Epsilon)}",
            $"training.optimizer.weight_decay={Number(task.WeightDecay)}", $"training.optimizer.decay_norms_and_biases={Word(task.DecayNormsAndBiases)}",
            $"training.optimizer.max_gradient_norm={Number(task.MaxGradientNorm)}",
        ]);
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false));
        IReadOnlyDictionary<string, double>[] steps = [.. MetricsLog.Read(Path.Combine(task.Folder, MetricsLog.FileName)).Select(step => step.Values)];
        return new ParityTrainingResult(
            [.. steps.Select(step => (float)step["loss"])], [.. steps.Select(step => (float)step["gradient_norm"])],
            Path.Combine(task.Folder, ResultFolder.Name));
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Word(bool value) => value ? "true" : "false";

    private static string Quote(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
}
