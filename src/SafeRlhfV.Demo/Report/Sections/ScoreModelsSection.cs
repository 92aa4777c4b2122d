using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>RM-V and CM-V on held-out pairs: overall and by category.</summary>
internal static class ScoreModelsSection
{
    public static PageSection Build(DemoResults results)
    {
        ScoreModelResult[] models = [.. new[] { results.RewardModel, results.CostModel }.OfType<ScoreModelResult>()];
        return new(
            "scores", "Score models", "What the reward and the cost model learnt",
            "RM-V is to score the more helpful answer of a pair higher, CM-V the less safe one, and the sign of CM-V’s score is to say safe or unsafe. "
            + "Pairs are held out, images unseen.",
            models.Length == 0 ? Markup.Empty : Markup.Of($"""
                <div class="grid wide-left">{Categories(results)}<div>
                {PageTable.Render("RM-V and CM-V on held-out pairs", ["Figure", "Labels as given", "True labels", "95 % (as given)"], Rows(models))}
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
                yield return
                [
                    Markup.Of($"{model.Name}: AUC, unsafe against safe"), Markup.Of($"<b>{Words.Number(auc, 3)}</b>"),
                    Markup.Of($"{Words.Number(model.True?.Auc, 3)}"), Markup.Of($"{Words.Unknown}"),
                ];
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
        string[] names = [.. reward.Concat(cost).Select(one => one.Category).Distinct()];
        if (names.Length == 0) return Markup.Empty;
        ChartSeries Dots(
            string name, IReadOnlyList<CategoryScoreResult> categories, Func<CategoryScoreResult, double?> figure, int colour, ChartMark mark) => new(
            name, colour,
            [
                .. categories.Select(one => new ChartPoint(100 * (figure(one) ?? double.NaN), Array.IndexOf(names, one.Category))
                {
                    Tip = $"{Words.Category(one.Category)}, {name}: {Words.Percent(figure(one))}",
                }),
            ])
            {
                Mark = mark,
            };
        string[] Numbers(string name)
        {
            CategoryScoreResult? r = reward.FirstOrDefault(one => one.Category == name), c = cost.FirstOrDefault(one => one.Category == name);
            return [Words.Category(name), $"{(r ?? c)!.Pairs}", Words.Percent(r?.PairAccuracy), Words.Percent(c?.PairAccuracy), Words.Percent(c?.SignAccuracy)];
        }
        string[][] rows = [.. names.Select(Numbers)];
        return new Chart
        {
            Id = "score-categories",
            Title = "Accuracy by category, labels as given",
            Summary = string.Join("; ", rows.Select(row => $"{row[0]}: RM-V pair {row[2]}, CM-V pair {row[3]}, CM-V sign {row[4]}")),
            Height = 80 + 38 * names.Length,
            Legend = true,
            Across = new("Accuracy, %") { Range = (Math.Min(70, Lowest([.. reward, .. cost]) - 3), 101) },
            Up = new("") { Categories = [.. names.Select(Words.Category)] },
            Series =
            [
                Dots("RM-V pair", reward, one => one.PairAccuracy, 2, ChartMark.Circle),
                Dots("CM-V pair", cost, one => one.PairAccuracy, 1, ChartMark.Diamond),
                Dots("CM-V sign", cost, one => one.SignAccuracy, 5, ChartMark.TriangleUp),
            ],
            Table = [["Category", "Pairs", "RM-V pair", "CM-V pair", "CM-V sign"], .. rows],
        }.Render();
    }

    private static double Lowest(IReadOnlyList<CategoryScoreResult> categories) =>
        categories.SelectMany(one => new[] { 100 * one.PairAccuracy, 100 * (one.SignAccuracy ?? 1) }).Where(double.IsFinite).DefaultIfEmpty(50).Min();
}
