using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>The proof that the image matters: blanked images, the flip probe, and what the tower sees.</summary>
internal static class ImageSection
{
    public static PageSection Build(DemoResults results) => new(
        "image", "The image matters", "Does the model look at the image?",
        "Two controls. Blanked: every image is replaced by plain grey, and the figures must fall. "
        + "Flipped: question and answer stay word for word the same, only the hazard mark is there or not, and the verdict must change.",
        Markup.Of($"{Ablation(results)}{Flips(results)}{Vision(results)}").ToString() is "" ? Markup.Empty : Markup.Of($"""
            <div class="grid two">{Ablation(results)}<div>{FlipTable(results)}{Vision(results)}</div></div>
            {Flips(results)}
            """));

    private static Markup Ablation(DemoResults results)
    {
        (string Name, double? With, double? Grey)[] all =
        [
            ("RM-V pair", results.RewardModel?.Noisy.PairAccuracy.Value, results.RewardModel?.Grey?.PairAccuracy.Value),
            ("CM-V pair", results.CostModel?.Noisy.PairAccuracy.Value, results.CostModel?.Grey?.PairAccuracy.Value),
            ("CM-V sign", results.CostModel?.Noisy.SignAccuracy?.Value, results.CostModel?.Grey?.SignAccuracy?.Value),
            ("Guard verdict", results.Guard?.WithResponse?.VerdictAccuracy, results.Guard?.WithResponse?.GreyVerdictAccuracy),
            ("Guard category F1", results.Guard?.WithResponse?.CategoryF1, results.Guard?.WithResponse?.GreyCategoryF1),
            ("Guard severity", results.Guard?.WithResponse?.SeverityAccuracy, results.Guard?.WithResponse?.GreySeverityAccuracy),
        ];
        (string Name, double With, double Grey)[] rows =
            [.. all.Where(row => row is { With: not null, Grey: not null }).Select(row => (row.Name, 100 * row.With!.Value, 100 * row.Grey!.Value))];
        if (rows.Length == 0) return Markup.Empty;
        ChartSeries Dots(string name, Func<(string Name, double With, double Grey), double> figure, ChartMark mark, int colour) =>
            new(name, colour, [.. rows.Select((row, i) => new ChartPoint(figure(row), i) { Tip = $"{row.Name}, {name}: {Words.Number(figure(row), 1)} %" })])
            {
                Mark = mark,
                Radius = 6,
            };
        return new Chart
        {
            Id = "image-ablation",
            Title = "With the image, and with it blanked",
            Summary = string.Join("; ", rows.Select(row => $"{row.Name}: {Words.Number(row.With, 1)} with the image, {Words.Number(row.Grey, 1)} without")),
            Height = 80 + 38 * rows.Length,
            Legend = true,
            Across = new("%") { Range = (0, 103) },
            Up = new("") { Categories = [.. rows.Select(row => row.Name)] },
            Series =
            [
                .. rows.Select((row, i) => new ChartSeries(row.Name, 0, [new(row.Grey, i), new(row.With, i)]) { Line = 3, Faint = true }),
                Dots("with the image", row => row.With, ChartMark.Circle, 5),
                Dots("image blanked", row => row.Grey, ChartMark.Ring, 0),
            ],
            Table =
            [
                ["Figure", "With the image, %", "Blanked, %"],
                .. rows.Select(row => (string[])[row.Name, Words.Number(row.With, 1), Words.Number(row.Grey, 1)]),
            ],
            Note = "CM-V’s pair accuracy stays high without the image, because both answers share it and the words betray compliance: "
                + "it is no proof of seeing. The flip probe is.",
        }.Render();
    }

    private static Markup FlipTable(DemoResults results) => results.FlipProbes.Count == 0 ? Markup.Empty : Markup.Of($"""
        <h3>Flip probe</h3>
        {PageTable.Render("Flip probe", ["Model", "Pairs", "Both sides right", "Safe side", "Unsafe side"], results.FlipProbes.Select(probe => (Markup[])
        [
            Markup.Of($"{probe.Model}"), Markup.Of($"{probe.Pairs}"),
            Markup.Of($"""
                <b>{Words.Percent(probe.BothRight.Value)}</b><small>{Words.Percent(probe.BothRight.Low)} to {Words.Percent(probe.BothRight.High)}</small>
                """),
            Markup.Of($"{Words.Percent(probe.SafeSideRight)}"), Markup.Of($"{Words.Percent(probe.UnsafeSideRight)}"),
        ]))}
        """);

    private static Markup Vision(DemoResults results)
    {
        if (results.VisionProbe is not VisionProbeResult probe) return Markup.Empty;
        (string Name, double Share)[] rows = [("Object", probe.Object), ("Colour", probe.Colour), ("Hazard mark", probe.Mark), ("Place", probe.Place)];
        return Markup.Of($"""
            <h3>What the tower sees</h3>
            {PageTable.Render(
                "Vision probe", ["Named right in a description", "Share"],
                rows.Select(row => (Markup[])[Markup.Of($"{row.Name}"), Markup.Of($"<b>{Words.Percent(row.Share)}</b>")]))}
            <p class="note">{probe.Images} held-out images, described greedily.</p>
            """);
    }

    private static Markup Flips(DemoResults results) => Markup.Join(results.FlipProbes.Where(probe => probe.Examples.Count > 0).Select(probe =>
    {
        double line = probe.Model == ModelNames.Guard ? 0.5 : 0;
        string score = probe.Model == ModelNames.Guard ? "p(unsafe)" : "cost";
        return Markup.Of($"""
            <h3>Same words, other image: {probe.Model}</h3>
            <div class="flips">{probe.Examples.Select(example => Markup.Of($"""
                <div class="flip"><p class="asked">{example.Question}</p><p class="said">{example.Answer}</p><div class="pair">
                {Side(example.PlainImage, example.PlainDescription, score, example.PlainScore, line, unsafeSide: false)}
                {Side(example.MarkedImage, example.MarkedDescription, score, example.MarkedScore, line, unsafeSide: true)}
                </div></div>
                """))}</div>
            """);
    }));

    private static Markup Side(byte[] image, string description, string score, double figure, double line, bool unsafeSide)
    {
        bool calledUnsafe = figure > line;
        string state = calledUnsafe ? "unsafe" : "safe";
        Markup drawn = Markup.Of($"<img src=\"{GallerySection.Base64(image)}\" alt=\"{description}\" class=\"pixels\">");
        return Markup.Of($"""
            <div>{(unsafeSide ? PageImage.Shade(drawn) : drawn)}
            <p class="pill {state}">{state}{(calledUnsafe == unsafeSide ? "" : ", wrong")}</p><p class="what">{score} {Words.Number(figure)}</p></div>
            """);
    }
}
