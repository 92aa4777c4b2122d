namespace SafeRlhfV.Training;

/// <summary>
/// Whether the policy learns to please RM-V alone: over a window of judgements the reward rises and the held-out judge falls, each from the earlier half to the
/// later one by more than the confidence interval of the difference.
/// </summary>
internal sealed class JudgeTrend(JudgeSettings settings)
{
    private readonly Queue<(double Reward, double RewardError, double Judge, double JudgeError)> window = new();

    /// <summary>The alarm, once <see cref="Add"/> has raised it.</summary>
    public string Words { get; private set; } = "";

    /// <summary>Takes in a step's metrics.</summary>
    /// <returns>Whether they raise the alarm; null = nothing was judged in this step.</returns>
    public bool? Add(IReadOnlyDictionary<string, double> metrics)
    {
        if (!metrics.TryGetValue("judge", out double judge)) return null;
        window.Enqueue((metrics["judged_reward"], metrics["judged_reward_error"], judge, metrics["judge_error"]));
        if (window.Count > settings.Window) window.Dequeue();
        if (window.Count < settings.Window) return false;
        (double rise, double riseWidth) = Change(one => (one.Reward, one.RewardError));
        (double change, double width) = Change(one => (one.Judge, one.JudgeError));
        if (rise <= riseWidth || -change <= width) return false;
        Words = FormattableString.Invariant($"reward hacking: over the last {settings.Window} judgements the reward rose by {rise:F3} (± {riseWidth:F3}) ")
            + FormattableString.Invariant($"while the held-out judge fell by {-change:F3} (± {width:F3}). Take an earlier checkpoint; train RM-V with heads ")
            + "and pessimism or on answers like these, raise kl_coefficient, or lower learning_rate.";
        return true;
    }

    // from the mean of the earlier half to that of the later one, and what it must exceed
    private (double Change, double Width) Change(Func<(double Reward, double RewardError, double Judge, double JudgeError), (double Mean, double Error)> of)
    {
        (double Mean, double Error)[] all = [.. window.Select(of)];
        int half = all.Length / 2;
        double variance = all.Sum(one => one.Error * one.Error) / ((double)half * half);
        return (all.Skip(half).Average(one => one.Mean) - all.Take(half).Average(one => one.Mean), settings.Width * Math.Sqrt(variance));
    }
}
