using System.Globalization;

namespace SafeRlhfV.GatewayLoad;

/// <summary>How much load; every number has a bound, so that a slip of the finger does not fill the machine.</summary>
internal sealed record BenchOptions
{
    /// <summary>The options; bench/gateway.sh explains them.</summary>
    public static readonly IReadOnlyList<string> Names =
        ["--wires", "--rounds", "--seconds", "--warm", "--rate", "--callers", "--streams", "--open", "--guard"];

    public IReadOnlyList<BenchWire> Wires { get; init; } = BenchWire.All;

    public int Rounds { get; init; } = 3;

    public int Seconds { get; init; } = 3;

    public int Warm { get; init; } = 6;

    public int Rate { get; init; } = 500;

    public int Callers { get; init; } = 32;

    public int Streams { get; init; } = 10_000;

    public int Open { get; init; } = 500;

    /// <summary>A guard's checkpoint, a full path, to moderate with; null for the keyword guard.</summary>
    public string? Guard { get; init; }

    /// <exception cref="InvalidInputException">An option is unknown, has no value or not a sound one.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> args)
    {
        BenchOptions options = new();
        for (int i = 0; i < args.Count; i += 2)
        {
            string name = args[i];
            if (i + 1 == args.Count) throw Fault(Names.Contains(name) ? $"{name} needs a value." : $"{name} is unknown.");
            string value = args[i + 1];
            options = name switch
            {
                "--wires" => options with { Wires = WiresOf(value) },
                "--rounds" => options with { Rounds = Number(name, value, 1, 20) },
                "--seconds" => options with { Seconds = Number(name, value, 1, 30) },
                "--warm" => options with { Warm = Number(name, value, 0, 60) },
                "--rate" => options with { Rate = Number(name, value, 1, 5000) },
                "--callers" => options with { Callers = Number(name, value, 1, 256) },
                "--streams" => options with { Streams = Number(name, value, 0, 20_000) },
                "--open" => options with { Open = Number(name, value, 1, 1000) },
                "--guard" => options with { Guard = GuardOf(name, value) },
                _ => throw Fault($"{name} is unknown."),
            };
        }
        return options;
    }

    private static string GuardOf(string name, string folder) => Directory.Exists(folder)
        ? Path.GetFullPath(folder)
        : throw Fault($"{name} {folder}: no such folder; give a guard's checkpoint, such as runs/demo/models/guard of a finished demo.");

    private static BenchWire[] WiresOf(string names)
    {
        string[] wanted = names.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        if (wanted.Length == 0) throw Fault("--wires names no wire.");
        return
        [
            .. wanted.Distinct().Select(name => BenchWire.All.FirstOrDefault(wire => wire.Name == name)
                ?? throw Fault($"--wires: there is no wire '{name}'; there are {string.Join(", ", BenchWire.All.Select(wire => wire.Name))}.")),
        ];
    }

    private static int Number(string name, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw Fault($"{name} {value}: give a whole number from {least} to {most}.");

    private static InvalidInputException Fault(string what) => new($"{what} See bench/gateway.sh --help.");
}
