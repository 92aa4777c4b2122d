using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RowFeedTests : IDisposable
{
    private static readonly string Folder = Golden.At("models", "llava-1.5-tiny");

    // an uneven course of batches, some of them smaller than what was encoded ahead
    private static readonly int[] Batches = [5, 5, 3, 4, 0, 7, 1, 6, 6, 5, 30, 5];

    private readonly VisionLanguageModel model = ModelCheckpoint.Load(Folder);
    private readonly ModelProcessor processor = ModelProcessor.Load(Folder);
    private readonly VisionCache cache;

    public RowFeedTests() => cache = new VisionCache(model, processor.Images, 1 << 24);

    public void Dispose()
    {
        cache.Dispose();
        model.Dispose();
    }

    [Fact]
    public void EncodingAheadGivesTheSameSamplesCountsAndPlaces()
    {
        (List<string> samples, List<(CursorState, LengthCounts)> states) = Run(ahead: false, 0, null);
        (List<string> besideSamples, List<(CursorState, LengthCounts)> besideStates) = Run(ahead: true, 0, null);
        Assert.Equal(samples, besideSamples);
        Assert.Equal(states, besideStates);
        Assert.True(states[^1].Item2 is { Dropped: > 0, Cut: > 0 }, "nothing was too long: the counts are not tried");
        for (int step = 1; step < Batches.Length; step++) Assert.Equal(samples[step..], Run(ahead: true, step, states[step - 1]).Samples);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void TheFirstFaultyRowIsNamedWhenItsBatchIsAskedFor(bool ahead)
    {
        string[] order = [.. Cursor().Rows().Take(30).Select(row => row.Position.ToString())];
        HashSet<string> faulty = [order[17], order[18], order[21]];
        using RowFeed<string> feed = new(Cursor(), new SampleEncoder(processor, new LengthLimits()), Encode, ahead);
        Assert.Equal(order[..8], feed.Next(8));
        CursorState sound = feed.State;
        Assert.Equal(order[8..16], feed.Next(8));
        Assert.Equal($"{order[17]} is bad", Assert.Throws<InvalidInputException>(() => feed.Next(8)).Message);
        feed.State = sound;
        Assert.Equal(order[8..17], feed.Next(9));

        (string?, LengthCounts) Encode(DatasetRow row, long epoch) =>
            faulty.Contains(row.Position.ToString())
                ? throw new InvalidInputException($"{row.Position} is bad")
                : (row.Position.ToString(), new LengthCounts(0, 0));
    }

    [Fact]
    public void AFeedThatIsDisposedOfStopsEncoding()
    {
        int encoded = 0;
        using ManualResetEventSlim begun = new();
        RowFeed<string> feed = new(Cursor(), new SampleEncoder(processor, new LengthLimits()), Encode, ahead: true);
        feed.Next(1);
        feed.Next(10); // one is encoded ahead, nine now, and ten are begun
        begun.Wait(TestContext.Current.CancellationToken);
        feed.Dispose();
        int after = encoded;
        Thread.Sleep(50);
        Assert.Equal(after, encoded);

        (string?, LengthCounts) Encode(DatasetRow row, long epoch)
        {
            if (Interlocked.Increment(ref encoded) > 11) begun.Set();
            return ("", new LengthCounts(0, 0));
        }
    }

    [Fact]
    public void ImagesWhoseFeaturesAreKeptAreNeitherDecodedNorResized()
    {
        SampleEncoder encoder = new(processor, new LengthLimits());
        ConversationRecord row = Data().InOrder(RecordParts.Answers).First(row => row.Images.Count > 0);
        EncodedSample sample = encoder.EncodePrompt(row)!;
        Assert.Null(cache.Find(sample.Images!.Key));
        using (TorchSharp.torch.NewDisposeScope()) cache.Features([sample]);
        // the same row, of whose image nothing but the size can be read
        ConversationRecord unreadable = row with { Images = [.. row.Images.Select(image => image with { Bytes = image.Bytes![..64] })] };
        Assert.Contains(row.Source.File, Assert.Throws<InvalidInputException>(() => encoder.EncodePrompt(unreadable)).Message);
        EncodedSample kept = encoder.For(cache).EncodePrompt(unreadable)!;
        Assert.Equal(sample.Prompt, kept.Prompt);
        using (TorchSharp.torch.NewDisposeScope()) Assert.NotNull(cache.Features([kept]));
        // features that are gone by the time they are wanted are made again
        Assert.Contains($"row {row.Source.Row}", Assert.Throws<InvalidInputException>(() => kept.Images!.Images).Message);
        Assert.Equal(sample.Images.Images[0].Pixels, encoder.For(cache).EncodePrompt(row)!.Images!.Images[0].Pixels);
    }

    private (List<string> Samples, List<(CursorState, LengthCounts)> States) Run(bool ahead, int from, (CursorState Place, LengthCounts Counts)? start)
    {
        SampleEncoder lengths = new SampleEncoder(processor, new LengthLimits()).ForLengths();
        int[] prompts = [.. Data().InOrder(RecordParts.None).Select(row => lengths.EncodePrompt(row)!.Prompt.Length).Order()];
        SampleEncoder encoder = new(processor,
            new LengthLimits { PromptTokens = prompts[prompts.Length / 2], ResponseTokens = 8, TooLong = TooLong.CutResponse });
        using RowFeed<PairSample> feed = Data().Feed(3, new PairChoice(PreferenceKind.Helpful).Parts, encoder,
            (row, with) => PairSample.From(row, with, new(PreferenceKind.Helpful)), ahead);
        if (start is { } resumed) (feed.State, encoder.Counts) = resumed;
        List<string> samples = [];
        List<(CursorState, LengthCounts)> states = [];
        foreach (int count in Batches[from..])
        {
            samples.Add(string.Join('/', feed.Next(count)
                .Select(pair => string.Join(' ', [.. pair.Preferred.Prompt, .. pair.Preferred.Response, .. pair.Other.Response]))));
            states.Add((feed.State, encoder.Counts));
        }
        return (samples, states);
    }

    private TrainingData Data() => new(PreferenceDataset.Open(Golden.At("beavertails-v", "paired")), processor, cache);

    private static DatasetCursor Cursor() => new(PreferenceDataset.Open(Golden.At("beavertails-v", "paired")), new CursorOptions { Seed = 3 });
}
