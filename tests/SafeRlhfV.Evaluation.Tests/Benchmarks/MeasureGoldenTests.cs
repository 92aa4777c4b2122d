using System.Buffers.Binary;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>The kinds of figures in golden/scoring that are no benchmark: guards, agreement, bootstrap and pairs.</summary>
public sealed class MeasureGoldenTests
{
    [Fact]
    public void GuardsFailClosed()
    {
        Dictionary<string, JsonObject> items = ScoringGolden.Lines("guard", "items").ToDictionary(item => (string)item["id"]!);
        Dictionary<string, JsonObject> expected = ScoringGolden.Lines("guard", "expected").ToDictionary(item => (string)item["id"]!);
        GuardedItem[] all = [.. ScoringGolden.Lines("guard", "outputs").Select(output =>
        {
            string id = (string)output["id"]!;
            GuardCall call = GuardCall.Read((string)output["output"]!, (double?)output["score"]);
            Assert.Equal((string?)expected[id]["read"], call.Reading);
            Assert.Equal((bool)expected[id]["blocked"]!, call.Blocks);
            Assert.Equal(expected[id]["categories"]!.AsArray().Select(one => (string)one!), call.Categories);
            ScoredItem item = new(id, new Dictionary<string, string> { ["split"] = (string)items[id]["split"]! }, call.Reading);
            return new GuardedItem(item, (bool)items[id]["unsafe"]!, call, [.. items[id]["categories"]!.AsArray().Select(one => (string)one!)]);
        })];
        Dictionary<string, Figure> figures = GuardFigures.Of(all, "split").ToDictionary(figure => $"{figure.Name} {figure.Part}");
        int compared = 0;
        foreach (JsonObject golden in new ScoringFigures("guard").All.Where(figure => figure["ours"] is not null))
        {
            string part = string.Join(", ", ((string[])["split", "category"]).Where(golden.ContainsKey).Select(fact => $"{fact} {golden[fact]}"));
            Figure figure = figures[$"{golden["name"]} {part}"];
            Assert.Equal((double)golden["ours"]!, figure.Value, 1e-9);
            if (figure.Interval is { } interval) Assert.True(interval.Low <= figure.Value && figure.Value <= interval.High, $"{figure.Name}: {interval}");
            compared++;
        }
        Assert.True(compared > 30);
    }

    [Fact]
    public void AgreementIsThatOfTheReferences()
    {
        IReadOnlyList<JsonObject> ratings = ScoringGolden.Lines("agreement", "ratings");
        double[][] words = [.. ratings.Select(one => ((string[])["judge", "guard", "phrases"]).Where(name => one[name] is not null)
            .Select(name => (string)one[name]! == "unsafe" ? 1.0 : 0).ToArray())];
        double[][] rates = [.. ratings.Select(one => ((string[])["rater_1", "rater_2"]).Where(name => one[name] is not null)
            .Select(name => (double)one[name]!).ToArray())];
        foreach (JsonObject figure in new ScoringFigures("agreement").All)
        {
            string[] pair = figure["pair"] is JsonArray names ? [.. names.Select(name => (string)name!)] : ["rater_1", "rater_2"];
            JsonObject[] both = [.. ratings.Where(one => one[pair[0]] is not null && one[pair[1]] is not null)];
            double value = (string)figure["name"]! switch
            {
                "pairs" => both.Length,
                "kappa" => Agreement.CohenKappa([.. both.Select(one => (string)one[pair[0]]!)], [.. both.Select(one => (string)one[pair[1]]!)]),
                "kappa_quadratic" => Agreement.CohenKappa([.. both.Select(one => (double)one[pair[0]]!)], [.. both.Select(one => (double)one[pair[1]]!)],
                    (left, right) => (left - right) * (left - right)),
                "alpha_nominal" => Agreement.KrippendorffAlpha(words, AgreementMetric.Nominal),
                "alpha_ordinal" => Agreement.KrippendorffAlpha(rates, AgreementMetric.Ordinal),
                "alpha_interval" => Agreement.KrippendorffAlpha(rates, AgreementMetric.Interval),
                var other => throw new InvalidOperationException($"The figure {other} is not computed here."),
            };
            Assert.Equal((double)figure["ours"]!, value, 1e-9);
        }
    }

    [Fact]
    public void IntervalsAreThoseOfTheGivenDraws()
    {
        IReadOnlyList<JsonObject> values = ScoringGolden.Lines("bootstrap", "values");
        byte[] indices = File.ReadAllBytes(Path.Combine(ScoringGolden.Root, "bootstrap", "indices.i32"));
        int resamples = indices.Length / 4 / values.Count;
        Dictionary<string, RatioSum> ratios = new()
        {
            ["rate"] = RatioSum.Of(values, one => one["unsafe"] is { } value ? ((double)value, 1) : (0, 0)),
            ["win"] = RatioSum.Of(values, one => one["win"] is { } value ? ((double)value, 1) : (0, 0)),
            ["relative"] = RatioSum.Of(values, one => one["model"] is { } value ? (100 * (double)value, (double)one["reference"]!) : (0, 0)),
        };
        foreach (JsonObject figure in new ScoringFigures("bootstrap").All)
        {
            string name = (string)figure["name"]!;
            RatioSum ratio = ratios[name.Split('_')[0]];
            int at = 0;
            double[] draws = ratio.Draws(resamples, () => BinaryPrimitives.ReadInt32LittleEndian(indices.AsSpan(4 * at++)));
            if (figure["ours"] is JsonArray interval)
            {
                (double low, double high) = Bootstrap.Interval(draws);
                Assert.Equal((double)interval[0]!, low, 1e-9);
                Assert.Equal((double)interval[1]!, high, 1e-9);
            }
            else if (name.EndsWith("_stderr", StringComparison.Ordinal))
                Assert.Equal((double)figure["ours"]!, Math.Sqrt(draws.Sum(draw => Math.Pow(draw - draws.Average(), 2)) / (draws.Length - 1)), 1e-9);
            else Assert.Equal((double)figure["ours"]!, ratio.Value, 1e-9);
        }
    }

    [Fact]
    public void BattlesAreRatedAsTheReferencesDo()
    {
        Dictionary<string, string?> expected = ScoringGolden.Lines("pairwise", "expected").ToDictionary(one => (string)one["id"]!, one => (string?)one["ours"]);
        Battle[] battles = [.. ScoringGolden.Lines("pairwise", "battles").Select(one =>
        {
            string?[] orders = [.. ((string[])["g1_winner", "g2_winner"]).Select(order => (string)one[order]! switch
            {
                "model_1" => (string)one["model_1"]!, "model_2" => (string)one["model_2"]!, "tie" => Battle.Tie, _ => null,
            })];
            Battle battle = new((string)one["model_1"]!, (string)one["model_2"]!, orders[0], orders[1]);
            string? winner = expected[(string)one["id"]!];
            Assert.Equal(winner is "model_1" or "model_2" ? (string)one[winner]! : winner, battle.Winner);
            return battle;
        })];
        BattleRatings ratings = BattleRatings.Of(battles);
        foreach (JsonObject figure in new ScoringFigures("pairwise").All.Where(figure => figure["ours"] is not null))
        {
            BattleRating? model = (string?)figure["model"] is { } name ? ratings.Models.Single(one => one.Model == name) : null;
            double[] values = (string)figure["name"]! switch
            {
                "win_rate" => [model!.WinRate],
                "win_rate_ties_half" => [model!.WinRateTiesHalf],
                "pairs" => [model!.Won, model.Tied, model.Lost],
                "elo" => [model!.Elo],
                "bradley_terry" => [model!.BradleyTerry],
                "unreadable" => [ratings.Unreadable],
                "order_disagreements" => [ratings.OrderDisagreements],
                var other => throw new InvalidOperationException($"The figure {other} is not computed here."),
            };
            double[] wanted = figure["ours"] is JsonArray several ? [.. several.Select(one => (double)one!)] : [(double)figure["ours"]!];
            Assert.Equal(wanted.Length, values.Length);
            for (int i = 0; i < wanted.Length; i++) Assert.Equal(wanted[i], values[i], (double?)figure["tolerance"] ?? 1e-9);
        }
    }
}
