using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>RM-V and CM-V on held-out pairs: overall and by category.</summary>
internal static class ScoreModelsSection
{
    public static ReportSection Build(DemoResults results)
    {
        ScoreModelResult[] models = [.. new[] { results.RewardModel, results.CostModel }.OfType<ScoreModelResult>()];
        return new(
            "scores", "Score models", "What the reward and the cost model learnt",
            "RM-V is to score the more helpful answer of a pair higher, CM-V the less safe one, and the sign of CM-V’s score is to say safe or unsafe. Pairs are held out, pictures unseen.",
            models.Length == 0 ? Markup.Empty : Markup.Of($"""
                <div class="grid wide-left">{Categories(results)}<div>
                {ReportTable.Render("RM-V and CM-V on held-out pairs", ["Figure", "Labels as given", "True labels", "95 % (as given)"], Rows(models), "figures")}
                <p class="note">Labels as given carry the annotators’ noise, which bounds what can be reached; true labels are the exact rater’s.</p>
                </div></div>
                """));
    }

    private static IEnumerable<Markup[]> Rows(ScoreModelResult[] models)
    {
        foreach (ScoreModelResult model in models)
        {
            yield return Row($"{model.Name}: pair accuracy", model.Noisy.PairAccuracy, model.True?.PairAccuracy.Value);
            if (model.Noisy.SignAccuracy is Estimate sign) yield return Row($"{model.Name}: sign accuracy", sign, model.True?.SignAccuracy?.Value);
            if (model.Noisy.BalancedSignAccuracy is double balanced)
                yield return Row($"{model.Name}: balanced sign accuracy", new(balanced, double.NaN, double.NaN), model.True?.BalancedSignAccuracy);
            if (model.Noisy.Auc is double auc)
                yield return [Markup.Of($"{model.Name}: AUC, unsafe against safe"), Markup.Of($"<b>{Words.Number(auc, 3)}</b>"), Markup.Of($"{Words.Number(model.True?.Auc, 3)}"), Markup.Of($"{Words.Unknown}")];
        }
    }

    private static Markup[] Row(string name, Estimate noisy, double? truth) =>
    [
        Markup.Of($"{name}"), Markup.Of($"<b>{Words.Percent(noisy.Value)}</b>"), Markup.Of($"{Words.Percent(truth)}"),
        Markup.Of($"{(double.IsNaN(noisy.Low) ? Words.Unknown : $"{Words.Percent(noisy.Low)} to {Words.Percent(noisy.High)}")}"),
    ];

    private static Markup Categories(DemoResults results)
    {
        IReadOnlyList<CategoryScoreResult> reward = results.RewardModel?.Categories ?? [], cost = results.CostModel?.Categories ?? [];
        // plotly draws the first category at the bottom: turn the order round
        string[] names = [.. reward.Concat(cost).Select(one => one.Category).Distinct().Reverse()];
        if (names.Length == 0) return Markup.Empty;
        object Dots(string name, IReadOnlyList<CategoryScoreResult> categories, Func<CategoryScoreResult, double?> figure, string colour, string symbol) => new
        {
            type = "scatter",
            mode = "markers",
            name,
            x = categories.Select(one => 100 * (figure(one) ?? double.NaN)),
            y = categories.Select(one => Words.Category(one.Category)),
            marker = new { color = colour, symbol, size = 11 },
            hovertemplate = $"{name}: %{{x:.1f}} %<extra></extra>",
        };
        string[] Numbers(string name)
        {
            CategoryScoreResult? r = reward.FirstOrDefault(one => one.Category == name), c = cost.FirstOrDefault(one => one.Category == name);
            return [Words.Category(name), $"{(r ?? c)!.Pairs}", Words.Percent(r?.PairAccuracy), Words.Percent(c?.PairAccuracy), Words.Percent(c?.SignAccuracy)];
        }
        string[][] rows = [.. names.Reverse().Select(Numbers)];
        return new ReportChart
        {
            Id = "score-categories",
            Title = "Accuracy by category, labels as given",
            Summary = string.Join("; ", rows.Select(row => $"{row[0]}: RM-V pair {row[2]}, CM-V pair {row[3]}, CM-V sign {row[4]}")),
            Height = 120 + 34 * names.Length,
            Traces =
            [
                Dots("RM-V pair", reward, one => one.PairAccuracy, "#2f7fd6", "circle"),
                Dots("CM-V pair", cost, one => one.PairAccuracy, "#d4600a", "diamond"),
                Dots("CM-V sign", cost, one => one.SignAccuracy, "#0e9467", "triangle-up"),
            ],
            Layout = new
            {
                showlegend = true,
                legend = new { orientation = "h", x = 0, y = 1.02, yanchor = "bottom" },
                xaxis = new { title = new { text = "Accuracy, %" }, range = new[] { Math.Min(70, Lowest([.. reward, .. cost]) - 3), 101 } },
                yaxis = new { categoryorder = "array", categoryarray = names.Select(Words.Category), automargin = true },
            },
            Table = [["Category", "Pairs", "RM-V pair", "CM-V pair", "CM-V sign"], .. rows],
        }.Render();
    }

    private static double Lowest(IReadOnlyList<CategoryScoreResult> categories) =>
        categories.SelectMany(one => new[] { 100 * one.PairAccuracy, 100 * (one.SignAccuracy ?? 1) }).Where(double.IsFinite).DefaultIfEmpty(50).Min();
}
