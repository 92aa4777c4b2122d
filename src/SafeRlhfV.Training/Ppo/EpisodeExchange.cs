using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>Each rank samples and scores some rows of a round; afterwards all ranks hold all episodes, in the order of the rows.</summary>
internal static class EpisodeExchange
{
    /// <summary>The episodes of all ranks.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="prompts">The prompts of the round, the same on all ranks.</param>
    /// <param name="own">The episodes that this rank sampled, by row.</param>
    public static Episode[] Sampled(Ranks ranks, IReadOnlyList<EncodedSample> prompts, IReadOnlyList<(int Row, Episode Episode)> own)
    {
        if (ranks.IsAlone) return [.. own.Select(one => one.Episode)];
        Episode?[] episodes = new Episode?[prompts.Count];
        ForEach(ranks, "episodes", own, (writer, episode) =>
        {
            Write(writer, episode.Sample.Response);
            writer.Write(episode.Ended);
            Write(writer, episode.LogProbs);
        }, (reader, row) => episodes[row] = new Episode
        {
            Sample = prompts[row] with { Response = Read(reader, reader => reader.ReadInt32()) },
            Ended = reader.ReadBoolean(),
            LogProbs = Read(reader, reader => reader.ReadSingle()),
        });
        return [.. episodes.Select((episode, row) => episode ?? throw new InvalidOperationException($"No rank has sampled row {row}."))];
    }

    /// <summary>Puts what each rank scored into the episodes of all.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="episodes">All episodes, on all ranks in the same order.</param>
    /// <param name="own">The rows that this rank scored.</param>
    public static void Scored(Ranks ranks, Episode[] episodes, IReadOnlyList<int> own)
    {
        if (ranks.IsAlone) return;
        ForEach(ranks, "scores", [.. own.Select(row => (row, episodes[row]))], (writer, episode) =>
        {
            Write(writer, episode.EngineLogProbs is null ? null : episode.LogProbs);
            Write(writer, episode.ReferenceLogProbs);
            writer.Write(episode.Reward);
            writer.Write(episode.Cost);
            writer.Write(episode.Spread.Reward);
            writer.Write(episode.Spread.Cost);
            writer.Write(episode.Spread.CostSplits);
            writer.Write(episode.CostOfAll);
            writer.Write(episode.CostOfAnswer);
            writer.Write(episode.Judged);
        }, (reader, row) =>
        {
            Episode episode = episodes[row];
            if (Read(reader, reader => reader.ReadSingle()) is { Length: > 0 } logProbs) episode.LogProbs = logProbs;
            episode.ReferenceLogProbs = Read(reader, reader => reader.ReadSingle());
            (episode.Reward, episode.Cost) = (reader.ReadSingle(), reader.ReadSingle());
            episode.Spread = new(reader.ReadSingle(), reader.ReadSingle(), reader.ReadBoolean());
            (episode.CostOfAll, episode.CostOfAnswer) = (reader.ReadSingle(), reader.ReadSingle());
            episode.Judged = reader.ReadSingle();
        });
    }

    /// <summary>Puts what the critics of each rank said into the episodes of all.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="episodes">All episodes, shaped, on all ranks in the same order; those that this rank's critics have looked at hold its estimates.</param>
    /// <param name="options">How advantages are estimated.</param>
    public static void Valued(Ranks ranks, Episode[] episodes, SafePpoOptions options)
    {
        if (ranks.IsAlone) return;
        ForEach(ranks, "values", [.. episodes.Index().Where(one => one.Item.Shaped is { Reward: not null } or { Cost: not null })], (writer, episode) =>
        {
            Write(writer, episode.Shaped!.Reward?.Values);
            Write(writer, episode.Shaped.Cost?.Values);
        }, (reader, row) =>
        {
            float[] rewards = Read(reader, reader => reader.ReadSingle()), costs = Read(reader, reader => reader.ReadSingle());
            episodes[row].Shaped = SafePpo.Estimate(episodes[row].Shaped!, rewards.Length == 0 ? null : rewards, costs.Length == 0 ? null : costs, options);
        });
    }

    private static void ForEach(
        Ranks ranks, string what, IReadOnlyList<(int Row, Episode Episode)> own, Action<BinaryWriter, Episode> write, Action<BinaryReader, int> read)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        foreach ((int row, Episode episode) in own)
        {
            writer.Write(row);
            write(writer, episode);
        }
        foreach (byte[] bytes in ranks.Gather(what, stream.ToArray()))
        {
            using BinaryReader reader = new(new MemoryStream(bytes));
            while (reader.BaseStream.Position < bytes.Length) read(reader, reader.ReadInt32());
        }
    }

    private static void Write(BinaryWriter writer, int[] values)
    {
        writer.Write(values.Length);
        foreach (int value in values) writer.Write(value);
    }

    private static void Write(BinaryWriter writer, float[]? values)
    {
        writer.Write(values?.Length ?? 0);
        foreach (float value in values ?? []) writer.Write(value);
    }

    private static T[] Read<T>(BinaryReader reader, Func<BinaryReader, T> one)
    {
        T[] values = new T[reader.ReadInt32()];
        for (int i = 0; i < values.Length; i++) values[i] = one(reader);
        return values;
    }
}
