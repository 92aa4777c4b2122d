using System.Globalization;
using System.Text;
using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>A model card: front matter as Hugging Face reads it, then base model, data, recipe, figures with their intervals, and limits.</summary>
public sealed record ModelCard
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>The model that training began with.</summary>
    public required string BaseModel { get; init; }

    /// <summary>The license that the base model's card states; null where it states none.</summary>
    public string? BaseLicense { get; init; }

    /// <summary>The model's license; null where nobody stated one.</summary>
    public string? License { get; init; }

    /// <summary>Languages, as codes.</summary>
    public IReadOnlyList<string> Languages { get; init; } = [];

    /// <summary>Whether it is an adapter beside its base model.</summary>
    public bool IsAdapter { get; init; }

    /// <summary>The trainer's name and what it does.</summary>
    public required (string Name, string Summary) Trainer { get; init; }

    /// <summary>The data.</summary>
    public required IReadOnlyList<CardData> Data { get; init; }

    /// <summary>The recipe as YAML.</summary>
    public required string Recipe { get; init; }

    /// <summary>What was measured; null where nothing was.</summary>
    public Comparison? Measured { get; init; }

    /// <summary>The model's name in <see cref="Measured"/>.</summary>
    public string MeasuredAs { get; init; } = "";

    /// <summary>Tables beside those of results, such as held-out score models'.</summary>
    public string OtherFigures { get; init; } = "";

    /// <summary>Limits that its makers state, as Markdown.</summary>
    public string Limits { get; init; } = "";

    /// <summary>The card.</summary>
    public string Write()
    {
        StringBuilder card = new("---\n");
        card.Append(CardText.List("language", Languages)).Append(CardText.Line("license", License ?? "unknown"));
        card.Append(CardText.Line("base_model", BaseModel)).Append(CardText.Line("base_model_relation", IsAdapter ? "adapter" : "finetune"));
        card.Append(CardText.List("datasets", [.. Data.Select(data => data.Name).Distinct()]));
        card.Append(CardText.Line("library_name", IsAdapter ? "peft" : "transformers")).Append("pipeline_tag: image-text-to-text\n");
        card.Append(CardText.List("tags", ["safe-rlhf-v", Trainer.Name])).Append(Index()).Append("---\n\n");
        card.Append($"# {Name}\n\n{BaseModel}, trained by `{Trainer.Name}`: {Trainer.Summary}\n\n");
        card.Append("## License\n\n").Append(License is { } license ? $"{license}." : "Not stated. The makers must state one before the model is passed on.")
            .Append($" The base model's card states {BaseLicense ?? "none"}. Its terms and those of the data hold as well.\n\n");
        card.Append("## Data\n\n").Append(MarkdownTable.Write(["data", "used for", "license that its card states"],
            Data.Select(data => (IReadOnlyList<string>)[data.Name, data.Use, data.License ?? "none"])));
        card.Append($"## Training\n\n```yaml\n{Recipe.TrimEnd()}\n```\n\n");
        card.Append("## Figures\n\n").Append(Figures()).Append("## Limits\n\n");
        foreach (string limit in OwnLimits()) card.Append($"- {limit}\n");
        return card.Append(Limits.Length == 0 ? "" : $"\n{Limits.TrimEnd()}\n").ToString();
    }

    // the benchmarks that have the model, and its place among their models
    private IEnumerable<(BenchmarkComparison Benchmark, int Model)> Own =>
        (Measured?.Benchmarks ?? []).Select(benchmark => (Benchmark: benchmark, Model: benchmark.Models.ToList().IndexOf(MeasuredAs)))
            .Where(own => own.Model >= 0);

    private string Figures()
    {
        if (Measured is null && OtherFigures.Length == 0) return "Nothing was measured.\n\n";
        string reference = Measured is { Models: [{ Name: var first }, _, ..] } ? $" Differences are to {first}." : "";
        return $"Brackets are 95 % intervals over items.{reference}\n\n{OtherFigures}{(Measured is null ? "" : ComparisonMarkdown.Tables(Measured, "###"))}";
    }

    private IEnumerable<string> OwnLimits()
    {
        yield return "The intervals tell how far figures vary with the items. They say nothing of other data, languages, prompts or attacks.";
        if (Measured is null && OtherFigures.Length == 0) yield return "No figure tells how helpful or how safe the model is.";
        if (Measured is null) yield break;
        yield return "A model's verdicts are a model's: judges and guards err, and phrases know only refusals. Where they disagree, see the agreement above.";
        int unreadable = Own.Sum(own => own.Benchmark.Scorers.Sum(scorer => scorer.Unreadable[own.Model]));
        if (unreadable > 0) yield return $"{unreadable} readings of this model's answers could not be had; they are in no rate of verdicts.";
        foreach (string note in Measured.Notes) yield return $"{note}.";
    }

    /// <summary>The figures as the hub's leaderboards read them.</summary>
    private string Index()
    {
        StringBuilder index = new();
        foreach ((BenchmarkComparison benchmark, int model) in Own)
        {
            StringBuilder metrics = new();
            foreach (ScorerComparison scorer in benchmark.Scorers)
                foreach (FigureComparison figure in ComparisonText.Shown(scorer).Where(figure => double.IsFinite(figure.Values[model].Value.Value)))
                    metrics.Append("    - type: ").Append(CardText.Scalar(figure.Name)).Append("\n      name: ")
                        .Append(CardText.Scalar($"{figure.Name} by {scorer.Scorer}{(figure.Part == "" ? "" : $", {figure.Part}")}")).Append("\n      value: ")
                        .Append(figure.Values[model].Value.Value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
            if (metrics.Length > 0)
                index.Append("  - task:\n      type: image-text-to-text\n    dataset:\n      name: ").Append(CardText.Scalar(benchmark.Benchmark))
                    .Append("\n      type: ").Append(CardText.Scalar(benchmark.Benchmark)).Append("\n    metrics:\n").Append(metrics);
        }
        return index.Length == 0 ? "" : $"model-index:\n- name: {CardText.Scalar(Name)}\n  results:\n{index}";
    }
}
