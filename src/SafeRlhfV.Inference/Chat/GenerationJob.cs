using System.Threading.Channels;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Inference;

/// <summary>One answer that somebody waits for.</summary>
internal sealed class GenerationJob(EncodedPrompt prompt, TextSettings settings, long seed, CancellationToken cancellationToken)
{
    private readonly Channel<TextDelta> pieces = Channel.CreateUnbounded<TextDelta>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    public string Id { get; } = $"local-{Guid.CreateVersion7():n}";

    public DateTimeOffset Created { get; } = DateTimeOffset.UtcNow;

    public EncodedPrompt Prompt => prompt;

    public TextSettings Settings => settings;

    public long Seed => seed;

    public CancellationToken Cancelled => cancellationToken;

    /// <summary>The answer as it grows; ends with the answer, or throws what went wrong.</summary>
    public ChannelReader<TextDelta> Pieces => pieces.Reader;

    /// <summary>Tokens of the answer so far, its end token among them.</summary>
    public int Tokens { get; private set; }

    /// <summary>Why it ended.</summary>
    public FinishReason Finish { get; private set; }

    /// <summary>Told of every token but an end token; true ends the answer.</summary>
    public bool Count(int tokens)
    {
        Tokens = tokens;
        return tokens >= settings.Tokens.MaxNewTokens || cancellationToken.IsCancellationRequested;
    }

    public void Report(TextDelta delta)
    {
        pieces.Writer.TryWrite(delta);
        if (delta.Finish is not { } finish) return;
        if (finish == FinishReason.EndToken) Tokens++;
        Finish = finish == FinishReason.Stopped && Tokens >= settings.Tokens.MaxNewTokens ? FinishReason.Length : finish;
        if (cancellationToken.IsCancellationRequested) Fail(new OperationCanceledException(cancellationToken));
        else pieces.Writer.TryComplete();
    }

    public void Fail(Exception error) => pieces.Writer.TryComplete(error);

    /// <summary>
    /// Whether both can be answered in one batch: all is alike but the length, which each row watches itself (not where the last token is forced).
    /// </summary>
    public bool GoesWith(GenerationJob other)
    {
        GenerationSettings mine = settings.Tokens, others = other.Settings.Tokens;
        bool sameLength = mine.ForcedEndTokenIds.Count == 0 || mine.MaxNewTokens == others.MaxNewTokens;
        return sameLength && mine with { MaxNewTokens = 1 } == others with { MaxNewTokens = 1 }
            && settings.StopStrings.SequenceEqual(other.Settings.StopStrings);
    }
}
