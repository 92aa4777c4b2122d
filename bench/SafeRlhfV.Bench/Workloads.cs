using static TorchSharp.torch;

namespace SafeRlhfV.Bench;

/// <summary>The fixed workloads by name.</summary>
internal static class Workloads
{
    public static IReadOnlyDictionary<string, Action<BenchSettings>> All { get; } = new Dictionary<string, Action<BenchSettings>>
    {
        ["train-step"] = TrainStepWork.Run,
        ["decode-b1"] = settings => DecodeWork.Run(settings, 1),
        ["decode-b16"] = settings => DecodeWork.Run(settings, 16),
        ["ppo-step-none"] = settings => PpoStepWork.Run(settings, shared: false),
        ["ppo-step-backbone"] = settings => PpoStepWork.Run(settings, shared: true),
        ["wide-logprobs"] = WideLogProbsWork.Run,
        ["image-clip336"] = ImageWork.Run,
        ["image-questions"] = QuestionsWork.Run,
        ["tokenizer"] = TokenizerWork.Run,
    };

    /// <summary>Names that are asked for, in their own order; nothing asked = all.</summary>
    /// <exception cref="InvalidInputException">One is not known.</exception>
    public static string[] Choose(string[] only, IEnumerable<string> all)
    {
        static bool Means(string asked, string name) => name == asked || name.StartsWith(asked + "-", StringComparison.Ordinal);
        if (only.FirstOrDefault(asked => !all.Any(name => Means(asked, name))) is { } unknown)
            throw new InvalidInputException($"bench: there is no workload '{unknown}'; there are: {string.Join(", ", all)}.");
        return [.. all.Where(name => only.Length == 0 || only.Any(asked => Means(asked, name)))];
    }

    public static void Run(string name, BenchSettings settings)
    {
        set_num_threads(settings.Threads);
        random.manual_seed(0);
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        All[name](settings);
    }
}
