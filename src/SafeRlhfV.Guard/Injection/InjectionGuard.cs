using System.Collections.Frozen;
using System.Globalization;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// Looks for injections in what users write and in what tools return: a moderator of its own, with thresholds of its own, beside those that look for harm.
/// What it finds falls under <see cref="Category"/>; the policy says what is done. Where a judge fails the prompt is blocked.
/// </summary>
public sealed class InjectionGuard
{
    /// <summary>The category of what it finds; a policy may have rules for it as for the twenty.</summary>
    public const string Category = "prompt_injection";

    private readonly IReadOnlyList<IInjectionJudge> judges;
    private readonly RecentResults<Found> known = new(10_000); // a conversation comes again with every turn

    /// <summary>Creates the guard.</summary>
    /// <param name="judges">At least one; the highest score counts.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public InjectionGuard(IEnumerable<IInjectionJudge> judges)
    {
        this.judges = [.. judges];
        if (this.judges.Count == 0) throw new ArgumentException("At least one judge is needed.", nameof(judges));
        Name = string.Join("+", this.judges.Select(judge => judge.Name));
    }

    /// <summary>The names of its judges.</summary>
    public string Name { get; }

    /// <summary>From which score on a text is an injection, by side; a side that is missing is not looked at.</summary>
    public IReadOnlyDictionary<InjectionSide, double> Thresholds { get; init; } = Standard;

    /// <summary>How grave an injection is.</summary>
    public Severity Severity { get; init; } = Severity.Severe;

    /// <summary>The thresholds that the built-in patterns are measured with.</summary>
    public static IReadOnlyDictionary<InjectionSide, double> Standard { get; } =
        new Dictionary<InjectionSide, double> { [InjectionSide.Prompt] = 0.7, [InjectionSide.ToolResult] = 0.5 }.ToFrozenDictionary();

    /// <summary>Judges texts: the verdict on all of them, and the text that drew it (null where none did).</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="timeout">The longest that it may take.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<(Verdict Verdict, InjectionText? Found)> JudgeAsync(IReadOnlyList<InjectionText> texts, TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        InjectionText[] looked = [.. texts.Where(text => text.Text.Length > 0 && Thresholds.ContainsKey(text.Side)).Distinct()];
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            Found[] found = await ScoreAsync(looked, limit.Token).WaitAsync(limit.Token).ConfigureAwait(false);
            for (int i = 0; i < looked.Length; i++)
            {
                if (found[i].Score < Thresholds[looked[i].Side]) continue;
                string side = looked[i].Side == InjectionSide.Prompt ? "prompt" : "tool_result";
                string reason = string.Create(CultureInfo.InvariantCulture, $"{side}: {found[i].Judge} {found[i].Score:0.00}");
                return (Verdict.Unsafe("injection", Severity, [Category], reason: reason), looked[i]);
            }
            return (Verdict.Safe("injection"), null); // a score below its own threshold means nothing to the policy's thresholds
        }
        catch (UnreadableTextException error)
        {
            return (Verdict.Unreadable("injection", error.Message), null);
        }
        catch (Exception error)
        {
            cancellationToken.ThrowIfCancellationRequested(); // whatever a cancelled call fails with
            string failure = error is OperationCanceledException
                ? string.Create(CultureInfo.InvariantCulture, $"not judged within {timeout.TotalSeconds:0.###} s")
                : ErrorText.FirstLine(error);
            return (Verdict.Failed("injection", failure), null);
        }
    }

    /// <summary>The texts of a conversation: what users wrote, turn by turn, and what tools returned.</summary>
    internal static IReadOnlyList<InjectionText> TextsOf(IReadOnlyList<ChatMessage> messages)
    {
        List<InjectionText> texts = [];
        foreach (ChatMessage message in messages)
        {
            AIContent[] results = [.. message.Contents.Where(content => message.Role == ChatRole.Tool || content is FunctionResultContent)];
            texts.AddRange(results.Select(result => new InjectionText(InjectionSide.ToolResult, ChatContents.Of([result]).Text)));
            if (message.Role == ChatRole.User) texts.Add(new(InjectionSide.Prompt, ChatContents.Of(message.Contents.Except(results)).Text));
        }
        return texts;
    }

    private async Task<Found[]> ScoreAsync(InjectionText[] texts, CancellationToken cancellationToken)
    {
        string[] keys = [.. texts.Select(text => $"{text.Side}/{RequestHash.Of(text.Text)}")];
        Found?[] found = [.. keys.Select(known.Find)];
        int[] open = [.. Enumerable.Range(0, texts.Length).Where(i => found[i] is null)];
        if (open.Length > 0)
        {
            InjectionText[] asked = [.. open.Select(i => texts[i])];
            IReadOnlyList<double>[] scores = await Task.WhenAll(judges.Select(judge => AskAsync(judge, asked, cancellationToken))).ConfigureAwait(false);
            for (int k = 0; k < open.Length; k++)
            {
                int best = Enumerable.Range(0, judges.Count).MaxBy(i => scores[i][k]);
                found[open[k]] = new(scores[best][k], judges[best].Name);
                known.Add(keys[open[k]], found[open[k]]!);
            }
        }
        return found!;
    }

    private static async Task<IReadOnlyList<double>> AskAsync(IInjectionJudge judge, InjectionText[] texts, CancellationToken cancellationToken)
    {
        IReadOnlyList<double> scores = await judge.ScoreAsync(texts, cancellationToken).ConfigureAwait(false);
        if (scores.Count != texts.Length || scores.Any(score => score is not (>= 0 and <= 1)))
            throw new InvalidOperationException($"{judge.Name} gave no probability for each text.");
        return scores;
    }

    private sealed record Found(double Score, string Judge);
}
