using System.Globalization;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>A training run of <c>align</c>: the command that runs it, and its recipe before its models are there, to plan by.</summary>
internal sealed record AlignTraining
{
    private const string Name = "aligned";

    /// <summary>What trains.</summary>
    public required TrainerDefinition Trainer { get; init; }

    /// <summary>The recipe's file; null = the trainer's defaults.</summary>
    public required string? Config { get; init; }

    /// <summary>Folders by the recipe's keys.</summary>
    public required IReadOnlyDictionary<string, string> Places { get; init; }

    /// <summary>Values that replace the recipe's.</summary>
    public required IReadOnlyList<YamlSet> Sets { get; init; }

    /// <summary>The model that all stages come from: it has the shape of every model that is trained.</summary>
    public required string Start { get; init; }

    /// <summary>The share of all rows that it learns from.</summary>
    public required double Share { get; init; }

    // the recipe's ${name}, where it has one
    private string? NameOf => Config is not null && YamlTree.Load(Config).Variables.Contains("name") ? Name : null;

    private string DataKey => Trainer.Options.First(option => option.Name == "--data").Key;

    /// <summary>The command.</summary>
    public AlignCommand Command => new([
        "train", Trainer.Name,
        .. Config is null ? [] : (string[])["--config", Config], .. NameOf is { } name ? (string[])["--name", name] : [],
        .. Places.SelectMany(place => (string[])[TrainVerb.OptionOf(Trainer, place.Key), place.Value]),
        .. Sets.SelectMany(set => (string[])["--set", set.Setting]),
    ])
    { WhenResumed = ["--resume"] };

    /// <summary>The recipe on the split data, with the start model in the place of models that are trained before.</summary>
    public Recipe Recipe => Read(Places[DataKey], Sets);

    /// <summary>The recipe on data that is not split yet: with as many steps as it will take.</summary>
    /// <param name="data">All rows.</param>
    public Recipe RecipeOnAll(string data)
    {
        double epochs = Recipe is RolloutRecipe rollout ? rollout.Sampling.Epochs : ((IModelTrainingRecipe)Recipe).Training.Epochs;
        string split = $"{DataKey[..^"folder".Length]}split";
        return Read(data, [.. Sets, new($"{split}="), new(string.Create(CultureInfo.InvariantCulture, $"training.epochs={Math.Max(1e-6, epochs * Share)}"))]);
    }

    private Recipe Read(string data, IReadOnlyList<YamlSet> sets)
    {
        Dictionary<string, string> places = Places.ToDictionary(place => place.Key, place => place.Key switch
        {
            _ when place.Key == Trainer.ModelKey => Start,
            _ when place.Key == DataKey => data,
            "model.reward" or "model.cost" => $"{place.Value} (to be trained)", // two models, not one with both scores
            _ => place.Value,
        });
        return TrainVerb.ReadRecipe(Trainer, Config, NameOf, places, sets);
    }
}
