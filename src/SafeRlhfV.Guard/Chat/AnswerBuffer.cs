using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Holds a drafted answer, streamed or whole: what of it is judged, choice by choice, and what has not left yet.</summary>
internal sealed class AnswerBuffer(StreamRelease release)
{
    private readonly SortedDictionary<int, AnswerChoice> choices = [];
    private ChatResponseUpdate? last;

    /// <summary>Whether a step is full, so that what has come should be judged now.</summary>
    public bool ShouldJudge { get; private set; }

    /// <summary>How many characters have come, over all choices and channels.</summary>
    public long Length { get; private set; }

    /// <summary>Why the draft cannot be judged; null where it can.</summary>
    public string? Unreadable => Length > release.LongestAnswer
        ? $"the answer is longer than {release.LongestAnswer} characters"
        : choices.Values.Select(choice => choice.Unreadable).FirstOrDefault(why => why is not null);

    /// <summary>All text of the draft so far, for the record.</summary>
    public string Text => string.Join('\n', choices.Values.Select(choice => choice.Described().Text));

    /// <summary>The buffer of a whole answer.</summary>
    public static AnswerBuffer Of(ChatResponse response, int longest)
    {
        AnswerBuffer buffer = new(StreamRelease.Whole with { LongestAnswer = longest });
        foreach (ChatMessage message in response.Messages)
        {
            AnswerChoice choice = buffer.Choice(message.GetChoice());
            choice.EndMessage();
            choice.Add(new ChatResponseUpdate(message.Role, message.Contents), isWhole: true);
            buffer.Length += message.Contents.Sum(ChatContents.SizeOf);
        }
        return buffer;
    }

    public void Add(ChatResponseUpdate update)
    {
        last = update;
        AnswerChoice choice = Choice(update.GetChoice());
        choice.Finish = update.FinishReason ?? choice.Finish;
        choice.Add(update, isWhole: false);
        Length += update.Contents.Sum(ChatContents.SizeOf);
        ShouldJudge = choice.ShouldJudge || Length > release.LongestAnswer;
    }

    /// <summary>What is to be judged in a step.</summary>
    public IReadOnlyList<ChatContents> TakeStep()
    {
        ShouldJudge = false;
        List<ChatContents> step = [];
        foreach (AnswerChoice choice in choices.Values) choice.TakeStep(step);
        return step;
    }

    /// <summary>Everything that has come, of whatever kind.</summary>
    public IReadOnlyList<ChatContents> TakeWhole()
    {
        List<ChatContents> whole = [];
        foreach (AnswerChoice choice in choices.Values) choice.TakeWhole(whole);
        return whole;
    }

    /// <summary>What may leave after the last step passed: up to the last sentence end or window, less what is held back.</summary>
    public IEnumerable<ChatResponseUpdate> ReleasePassed() => choices.Values.SelectMany(choice => choice.Release(all: false));

    /// <summary>All the rest, what came beside the text too.</summary>
    public IEnumerable<ChatResponseUpdate> ReleaseAll() => choices.Values.SelectMany(choice => choice.Release(all: true));

    /// <summary>The last update of each choice, without content: the reason for its end, and on the last of all the report.</summary>
    public IReadOnlyList<ChatResponseUpdate> Finals(GuardReport report)
    {
        if (choices.Count == 0) Choice(0);
        ChatResponseUpdate from = last ?? new ChatResponseUpdate { ResponseId = report.Id, CreatedAt = report.Received };
        List<ChatResponseUpdate> finals = [];
        foreach (AnswerChoice choice in choices.Values)
        {
            ChatResponseUpdate update = from.Like(choice.Index);
            update.FinishReason = choice.Finish;
            finals.Add(update);
        }
        (finals[^1].AdditionalProperties ??= [])[GuardReportExtensions.Key] = report;
        return finals;
    }

    private AnswerChoice Choice(int index)
    {
        if (!choices.TryGetValue(index, out AnswerChoice? choice)) choices[index] = choice = new(index, release);
        return choice;
    }
}
