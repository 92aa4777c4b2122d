using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Puts redacted data back into an answer, whole or streamed. Of a stream, an end that could be the beginning of a placeholder waits.</summary>
/// <param name="placeholders">What was replaced; null where nothing was.</param>
/// <param name="isJson">Whether the answer's text is JSON.</param>
internal sealed class RestoredAnswer(Placeholders? placeholders, bool isJson)
{
    private readonly SortedDictionary<(int Choice, string Channel), (AIContent Waiting, ChatResponseUpdate From)> tails = [];

    /// <summary>Restores a whole answer in place.</summary>
    public void Restore(ChatResponse response)
    {
        if (placeholders is not { IsEmpty: false }) return;
        foreach (ChatMessage message in response.Messages) message.Contents = [.. message.Contents.Select(Whole)];
    }

    /// <summary>Restores an update of a stream; what waited comes first, before the update that ends the answer.</summary>
    public IEnumerable<ChatResponseUpdate> Restore(ChatResponseUpdate update)
    {
        if (placeholders is not { IsEmpty: false })
        {
            yield return update;
            yield break;
        }
        int choice = update.GetChoice();
        if (update.FinishReason is not null || update.GetGuardReport() is not null)
            foreach (ChatResponseUpdate waiting in Flush(choice, all: update.GetGuardReport() is not null)) yield return waiting;
        bool wasEmpty = update.Contents.Count == 0;
        List<AIContent> contents = [];
        foreach (AIContent content in update.Contents)
        {
            if (Channel(content) is not { } channel || !ChatContents.HasNothingBeside(content)) contents.Add(Whole(content));
            else if (Streamed((choice, channel), content, update) is { } passed) contents.Add(passed);
        }
        update.Contents = contents;
        if (contents.Count > 0 || wasEmpty) yield return update;
    }

    private IEnumerable<ChatResponseUpdate> Flush(int choice, bool all)
    {
        foreach (((int of, string channel) key, (AIContent waiting, ChatResponseUpdate from)) in tails.ToArray())
        {
            if (!all && key.of != choice) continue;
            tails.Remove(key);
            yield return from.Like(key.of, waiting);
        }
    }

    private AIContent? Streamed((int, string) key, AIContent content, ChatResponseUpdate update)
    {
        string text = ContentTexts.TextOf(content);
        if (tails.Remove(key, out (AIContent Waiting, ChatResponseUpdate From) tail)) text = ContentTexts.TextOf(tail.Waiting) + text;
        int hold = placeholders!.HoldFrom(text);
        if (hold < text.Length) tails[key] = (ContentTexts.With(content, text[hold..]), update);
        return hold > 0 || text.Length == 0 ? ContentTexts.With(content, placeholders.Restore(text[..hold], isJson && content is TextContent)) : null;
    }

    // A copy: the guard records what the model wrote, placeholders and all.
    private AIContent Whole(AIContent content) => content is IRewritableContent own
        ? own.WithTexts((text, isPart) => placeholders!.Restore(text, isPart))
        : ContentTexts.Change(content, text => placeholders!.Restore(text), text => placeholders!.Restore(text, isJson));

    private static string? Channel(AIContent content) => content switch
    {
        IRewritableContent => null,
        TextContent => "text",
        TextReasoningContent => "reasoning",
        ErrorContent { Details: null } => "error",
        _ => null,
    };
}
