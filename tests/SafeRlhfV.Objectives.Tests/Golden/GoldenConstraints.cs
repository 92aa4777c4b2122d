using System.Text.Json;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Constraints and their multipliers, as trainers step them.</summary>
internal static class GoldenConstraints
{
    public static Dictionary<string, Tensor> Tail(GoldenCase golden, ScalarType dtype)
    {
        double[] costs = Host(golden.Input("costs", dtype));
        bool[] valid = Rows.Flat<bool>(golden.Stored("valid"));
        double[] counted = [.. costs.Where((_, at) => valid[at])];
        double nu = Host(golden.Input("nu", dtype))[0], alpha = golden.Number("alpha"), gradient = Cvar.Gradient(counted, nu, alpha);
        double[] penalties = [.. costs.Select((cost, at) => valid[at] ? Cvar.Penalty(cost, nu, alpha) : 0)];
        // the penalty rises by this with the cost
        double[] weights = [.. costs.Select((cost, at) => valid[at] && cost > nu ? Cvar.Penalty(nu + 1, nu, alpha) : 0)];
        (double valueAtRisk, double cvar) = counted.Length == 0 ? (double.NaN, double.NaN) : Cvar.Empirical(counted, alpha);
        return new()
        {
            ["penalty_cost"] = tensor(penalties),
            ["tail_weight"] = tensor(weights),
            ["tail_count"] = tensor(penalties.LongCount(penalty => penalty > 0)),
            ["cvar"] = tensor(Cvar.Of(counted, nu, alpha)),
            ["grad_nu"] = tensor(gradient),
            ["nu_next"] = tensor(nu - golden.Number("lr") * gradient),
            ["grad_costs"] = tensor(weights.Select(weight => counted.Length == 0 ? 0 : weight / counted.Length).ToArray()),
            ["empirical_var"] = tensor(valueAtRisk),
            ["empirical_cvar"] = tensor(cvar),
        };
    }

    public static Dictionary<string, Tensor> TailSteps(GoldenCase golden, ScalarType dtype)
    {
        CostConstraint constraint = new(new ConstraintOptions
        {
            Kind = ConstraintKind.Cvar,
            Mode = Mode(golden.Parameters),
            Multiplier = Options(golden.Parameters),
            Alpha = golden.Number("alpha"),
            NuInitial = golden.Number("nu_init"),
            NuLearningRate = golden.Number("nu_lr"),
        });
        Tensor stored = golden.Stored("costs");
        (int steps, int each) = ((int)stored.shape[0], (int)stored.shape[1]);
        double[][] costs = [.. Host(stored).Chunk(each)];
        bool[][] valid = [.. Rows.Flat<bool>(golden.Stored("valid")).Chunk(each)];
        double[] nus = new double[steps], values = new double[steps], lambdas = new double[steps];
        bool[] active = new bool[steps];
        List<double> penalties = [];
        for (int step = 0; step < steps; step++)
        {
            active[step] = constraint.Step(costs[step], valid[step], groupSize: 1);
            (nus[step], values[step], lambdas[step]) = (constraint.Nu, constraint.Value, constraint.Lambda);
            penalties.AddRange(constraint.Charges(costs[step], valid[step], groupSize: 1).Select((charge, at) => valid[step][at] ? charge : 0));
            if (step == steps / 2) constraint.State = JsonSerializer.Deserialize<ConstraintState>(JsonSerializer.Serialize(constraint.State))!;
        }
        return new()
        {
            ["nu"] = tensor(nus),
            ["J"] = tensor(values),
            ["lambda"] = tensor(lambdas),
            ["active"] = tensor(active),
            ["penalty_cost"] = tensor(penalties.ToArray()).view(steps, each),
        };
    }

    public static Dictionary<string, Tensor> Excess(GoldenCase golden, ScalarType dtype)
    {
        Tensor stored = golden.Input("costs", dtype);
        (int groups, int size) = ((int)stored.shape[0], (int)stored.shape[1]);
        double[] costs = Host(stored);
        bool[] valid = Rows.Flat<bool>(golden.Stored("valid"));
        PositivePart part = PositivePart.Of(costs, valid, size, golden.Number("budget"));
        double[] gradients = [.. costs.Select((_, at) => valid[at] && part.IsOver[at / size]
            ? 1.0 / (valid.AsSpan(at / size * size, size).Count(true) * part.Prompts) : 0)];
        return new()
        {
            ["prompt_mean"] = tensor(part.PromptMeans),
            ["excess"] = tensor(part.Excess),
            ["J"] = tensor(part.Mean),
            ["J_signed"] = tensor(part.SignedMean),
            ["over"] = tensor(part.IsOver),
            ["grad_costs"] = tensor(gradients).view(groups, size),
        };
    }

    public static Dictionary<string, Tensor> Vector(GoldenCase golden, ScalarType dtype)
    {
        CostConstraint[] constraints = [.. golden.Parameter("components").EnumerateArray()
            .Select(component => new CostConstraint(new ConstraintOptions { Mode = Mode(component), Multiplier = Options(component) }))];
        Tensor stored = golden.Stored("costs"), present = golden.Stored("present"), advantages = golden.Stored("adv_costs");
        (int steps, int rows, int kinds) = ((int)stored.shape[0], (int)stored.shape[1], (int)stored.shape[2]);
        double[][] rewards = [.. Host(golden.Stored("adv_reward")).Chunk((int)golden.Stored("adv_reward").shape[1])];
        List<double> lambdas = [], means = [], combined = [];
        List<bool> active = [];
        for (int step = 0; step < steps; step++)
        {
            for (int k = 0; k < kinds; k++)
                active.Add(constraints[k].Step(Host(stored[step].select(1, k)), Rows.Flat<bool>(present[step].select(1, k)), groupSize: 1));
            lambdas.AddRange(constraints.Select(constraint => constraint.Lambda));
            means.AddRange(constraints.Select(constraint => constraint.Value));
            double[][] costs = [.. Host(advantages[step]).Chunk(rewards[step].Length)];
            combined.AddRange(GroupAdvantages.Combine(rewards[step], costs, [.. constraints.Select(constraint => constraint.Lambda)]));
        }
        return new()
        {
            ["lambda"] = tensor(lambdas.ToArray()).view(steps, kinds),
            ["J_C"] = tensor(means.ToArray()).view(steps, kinds),
            ["active"] = tensor(active.ToArray()).view(steps, kinds),
            ["advantages"] = tensor(combined.ToArray()).view(steps, -1),
        };
    }

    public static Dictionary<string, Tensor> Severities(GoldenCase golden, ScalarType dtype)
    {
        SeverityEncoding encoding = Enum.Parse<SeverityEncoding>(golden.Text("encoding"), ignoreCase: true);
        int[] severities = golden.Text("source") switch
        {
            "label" => [.. Rows.Flat<long>(golden.Stored("severity")).Select(severity => (int)severity)],
            "harmless_rate" => [.. Rows.Flat<long>(golden.Stored("harmless_rate")).Select(SeverityCosts.OfRate)],
            _ => [.. Host(golden.Stored("score")).Select(score => SeverityCosts.OfScore(score,
                [.. golden.Parameter("bands").EnumerateArray().Select(band => band.GetDouble())]))],
        };
        double[][] costs = [.. severities.Select(severity => SeverityCosts.Of(severity, encoding))];
        bool[] present = [.. severities.Select(severity => severity >= 0)];
        double[][] counted = [.. costs.Where((_, at) => present[at])];
        return new()
        {
            ["costs"] = tensor(costs.SelectMany(cost => cost).ToArray()).view(severities.Length, SeverityCosts.Count),
            ["severity_used"] = tensor(severities.Select(severity => (long)severity).ToArray()),
            ["present"] = tensor(present),
            ["rate"] = tensor(Enumerable.Range(0, SeverityCosts.Count)
                .Select(k => counted.Length == 0 ? double.NaN : counted.Average(cost => cost[k])).ToArray()),
        };
    }

    public static MultiplierMode Mode(JsonElement parameters) => Enum.Parse<MultiplierMode>(parameters.GetProperty("mode").GetString()!, ignoreCase: true);

    public static MultiplierOptions Options(JsonElement parameters)
    {
        double? Number(string name) => parameters.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? value.GetDouble()
            : null;
        return new()
        {
            Initial = Number("lambda_init")!.Value,
            Maximum = Number("lambda_max"),
            Budget = Number("budget")!.Value,
            LearningRate = Number("lr") ?? 0,
            Delay = (int)Number("delay")!.Value,
            Window = (int)Number("window")!.Value,
            Proportional = Number("kp") ?? 0,
            Integral = Number("ki") ?? 0,
            Derivative = Number("kd") ?? 0,
            IntegralMaximum = Number("integral_max"),
        };
    }

    private static double[] Host(Tensor values) => Rows.Flat<double>(values.to(ScalarType.Float64));
}
