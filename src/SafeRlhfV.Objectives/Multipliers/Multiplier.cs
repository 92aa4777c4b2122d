namespace SafeRlhfV.Objectives;

/// <summary>The Lagrange multiplier in its four modes, in float64 on the host.</summary>
public sealed class Multiplier : IMultiplier
{
    private readonly MultiplierMode mode;
    private readonly MultiplierOptions options;
    private readonly Func<IReadOnlyCollection<double>, double>? margin;
    private readonly Queue<double> window = [];
    private long step;
    private double variable;
    private double integral;
    private double? previousCost;

    private Multiplier(MultiplierMode mode, MultiplierOptions options, Func<IReadOnlyCollection<double>, double>? margin)
    {
        (this.mode, this.options, this.margin) = (mode, options, margin);
        variable = mode == MultiplierMode.Log ? Math.Log(options.Initial) : options.Initial;
        integral = mode == MultiplierMode.Pid && options.Integral != 0 ? options.Initial / options.Integral : 0;
    }

    /// <inheritdoc/>
    public double Value => mode == MultiplierMode.Log ? Math.Exp(variable) : variable;

    /// <inheritdoc/>
    public double MeanCost => window.Count == 0 ? double.NaN : window.Sum() / window.Count;

    /// <inheritdoc/>
    public double Margin => margin is null || window.Count == 0 ? 0 : margin(window);

    /// <inheritdoc/>
    public MultiplierState State
    {
        get => new(step, [.. window], variable, integral, previousCost);
        set
        {
            if (value.Window.Count > options.Window)
                throw new ArgumentException($"The state's window holds {value.Window.Count} costs, more than the {options.Window} of the settings.",
                    nameof(value));
            window.Clear();
            foreach (double cost in value.Window) window.Enqueue(cost);
            (step, variable, integral, previousCost) = (value.Step, value.Variable, value.IntegralSum, value.PreviousCost);
        }
    }

    /// <summary>A multiplier at its start.</summary>
    /// <param name="mode">How λ moves.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="margin">What the budget is tightened by at each update, from the window's costs; null = nothing.</param>
    /// <exception cref="ArgumentException">A setting is out of range: the message names it.</exception>
    public static IMultiplier Create(MultiplierMode mode, MultiplierOptions options, Func<IReadOnlyCollection<double>, double>? margin = null)
    {
        foreach (string fault in Faults(mode, options)) throw new ArgumentException(fault, nameof(options));
        return new Multiplier(mode, options, margin);
    }

    /// <summary>What is wrong with the settings, one line each; empty if nothing is.</summary>
    public static IEnumerable<string> Faults(MultiplierMode mode, MultiplierOptions options)
    {
        if (!(options.Initial >= 0) || !double.IsFinite(options.Initial)) yield return $"Initial λ is {options.Initial}: it must be 0 or more.";
        if (mode == MultiplierMode.Log && options.Initial == 0)
            yield return "Initial λ is 0, which mode log can never leave: start above 0, or use projected, pid or fixed.";
        if (options.Maximum is { } maximum && !(maximum >= options.Initial))
            yield return $"The bound on λ ({maximum}) is below its initial value ({options.Initial}).";
        if (options.Window < 1) yield return $"The window is {options.Window}: it must hold at least one cost.";
        if (options.Delay < 0) yield return $"The delay is {options.Delay}: it must be 0 or more.";
        if (!double.IsFinite(options.Budget)) yield return $"The budget is {options.Budget}: it must be a number.";
        if (mode is MultiplierMode.Log or MultiplierMode.Projected && !(options.LearningRate >= 0))
            yield return $"The learning rate of λ is {options.LearningRate}: it must be 0 or more.";
        if (mode == MultiplierMode.Pid && !(options.Proportional >= 0 && options.Integral >= 0 && options.Derivative >= 0))
            yield return "The three PID weights must be 0 or more.";
    }

    /// <inheritdoc/>
    public bool Step(ReadOnlySpan<double> episodeCosts)
    {
        foreach (double cost in episodeCosts)
            if (!double.IsFinite(cost)) throw new ArgumentException($"An episode cost is {cost}.", nameof(episodeCosts));
        if (episodeCosts.Length == 0)
        {
            step++;
            return false;
        }
        foreach (double cost in episodeCosts)
        {
            if (window.Count == options.Window) window.Dequeue();
            window.Enqueue(cost);
        }
        bool active = step++ >= options.Delay && window.Count > 0 && mode != MultiplierMode.Fixed;
        if (active) Update(MeanCost);
        return active;
    }

    private void Update(double cost)
    {
        double excess = cost - (options.Budget - Margin), bound = options.Maximum ?? double.PositiveInfinity;
        switch (mode)
        {
            case MultiplierMode.Log:
                variable = Math.Min(Math.Log(bound), variable + options.LearningRate * Math.Exp(variable) * excess);
                break;
            case MultiplierMode.Projected:
                variable = Math.Clamp(variable + options.LearningRate * excess, 0, bound);
                break;
            case MultiplierMode.Pid:
                integral = Math.Min(Math.Max(0, integral + excess), options.IntegralMaximum ?? double.PositiveInfinity);
                double rise = previousCost is { } previous ? Math.Max(0, cost - previous) : 0;
                previousCost = cost;
                variable = Math.Clamp(options.Proportional * excess + options.Integral * integral + options.Derivative * rise, 0, bound);
                break;
            case MultiplierMode.Fixed:
                break;
        }
    }
}
