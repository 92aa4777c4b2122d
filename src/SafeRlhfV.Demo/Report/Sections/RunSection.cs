using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>Settings, seed, versions and times: what is needed to run it again.</summary>
internal static class RunSection
{
    public static PageSection Build(DemoResults results) => new(
        "run", "Run", "How to get this report again",
        $"Seed {results.Run.Seed}, {results.Run.Profile} profile, {results.Run.Prompts} held-out prompts. "
        + "The same seed on the same machine gives the same figures; times differ.",
        Markup.Of($"""
            <div class="grid three">
            <div><h3>Times</h3>{Times(results.Timing)}</div>
            <div><h3>Settings</h3>{List(results.Run.Settings)}</div>
            <div><h3>Versions</h3>{List(results.Run.Versions)}</div>
            </div>
            """));

    private static Markup Times(RunTiming? timing)
    {
        if (timing is null) return Markup.Of($"<p class=\"note\">Not recorded.</p>");
        double longest = timing.Stages.Select(stage => stage.Seconds).DefaultIfEmpty(1).Max();
        return Markup.Of($"""
            <ul class="times">{timing.Stages.Select(stage => Markup.Of($"""
                <li><span>{stage.Name}{(stage.Resumed ? " (earlier run)" : "")}</span><span>{Words.Duration(stage.Seconds)}</span>
                {BarTable.Bar(stage.Seconds / Math.Max(longest, 1e-9), 5)}</li>

                """))}</ul>
            <p class="note">{string.Join(", ", Facts(timing))}.</p>
            """);
    }

    private static IEnumerable<string> Facts(RunTiming timing)
    {
        yield return $"{Words.Duration(timing.Stages.Sum(stage => stage.Seconds))} in all";
        yield return $"{timing.Threads} threads";
        yield return $"{timing.Cores} cores";
        if (timing.Processor is not null) yield return timing.Processor;
        if (timing.PeakMemoryBytes > 0) yield return $"peak {Words.Number(timing.PeakMemoryBytes / 1073741824.0, 1)} GiB";
        if (timing.FinishedAt is DateTimeOffset end) yield return $"finished {end.ToUniversalTime():yyyy-MM-dd HH:mm} UTC";
    }

    private static Markup List(IReadOnlyList<NamedValue> values) => values.Count == 0
        ? Markup.Of($"<p class=\"note\">Not recorded.</p>")
        : Markup.Of($"<dl>{values.Select(value => Markup.Of($"<div><dt>{value.Name}</dt><dd>{value.Value}</dd></div>\n"))}</dl>");
}
