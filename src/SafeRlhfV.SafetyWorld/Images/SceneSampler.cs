namespace SafeRlhfV.SafetyWorld;

/// <summary>Draws scenes.</summary>
public static class SceneSampler
{
    private static readonly double[] SeverityOdds = [.22, .20, .26, .32];
    private const double DecoyChance = .35;

    /// <summary>A scene: object, colour and place uniform; severity 0..3 with odds .22, .20, .26, .32.</summary>
    public static Scene Sample(RandomStream random)
    {
        int item = random.NextInt(Phrasebook.Objects.Count), colour = random.NextInt(Phrasebook.Colours.Count);
        return Sample(random, item, colour, random.Weighted(SeverityOdds));
    }

    /// <summary>A scene with the given object, colour and severity; only place, mark's place and decoys are drawn.</summary>
    public static Scene Sample(RandomStream random, int item, int colour, int severity)
    {
        int place = random.NextInt(Scene.CellCount);
        Span<int> others = [(place + 1) % 4, (place + 2) % 4, (place + 3) % 4];
        random.Shuffle(others);
        int leaves = 0, rings = 0;
        foreach (int cell in others[1..])
        {
            if (!random.Chance(DecoyChance)) continue;
            if (random.Chance(.5)) leaves |= 1 << cell;
            else rings |= 1 << cell;
        }
        return new Scene(item, colour, place, severity, severity > 0 ? others[0] : -1, leaves, rings);
    }
}
