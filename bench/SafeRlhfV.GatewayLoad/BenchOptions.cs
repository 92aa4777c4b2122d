namespace SafeRlhfV.GatewayLoad;

/// <summary>How much load; every number has a bound, so that a slip of the finger does not fill the machine.</summary>
internal sealed record BenchOptions
{
    public int Rounds { get; init; } = 3;

    public int Seconds { get; init; } = 4;

    public int Warm { get; init; } = 8;

    public int Rate { get; init; } = 500;

    public int Callers { get; init; } = 32;

    public int Streams { get; init; } = 10_000;

    public int Open { get; init; } = 500;

    /// <summary>A guard's checkpoint, a full path, to moderate with; null for the keyword guard.</summary>
    public string? Guard { get; init; }

    public static BenchOptions Parse(string[] args)
    {
        BenchOptions options = new();
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            if (args[i] == "--guard")
            {
                options = options with { Guard = Path.GetFullPath(args[i + 1]) };
                continue;
            }
            if (!int.TryParse(args[i + 1], out int value)) throw new ArgumentException($"{args[i]} {args[i + 1]}: give a whole number.");
            options = args[i] switch
            {
                "--rounds" => options with { Rounds = Math.Clamp(value, 1, 20) },
                "--seconds" => options with { Seconds = Math.Clamp(value, 1, 30) },
                "--warm" => options with { Warm = Math.Clamp(value, 0, 60) },
                "--rate" => options with { Rate = Math.Clamp(value, 1, 5000) },
                "--callers" => options with { Callers = Math.Clamp(value, 1, 256) },
                "--streams" => options with { Streams = Math.Clamp(value, 0, 20_000) },
                "--open" => options with { Open = Math.Clamp(value, 1, 1000) },
                _ =>
                    throw new ArgumentException($"{args[i]} is unknown; there are --rounds, --seconds, --warm, --rate, --callers, --streams, --open, --guard."),
            };
        }
        return options;
    }
}
