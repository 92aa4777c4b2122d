using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>What is known of an answer beside its contents, from a whole response or gathered along a stream. Of several choices the first counts.</summary>
internal sealed class AnswerState
{
    public UsageDetails? Usage { get; private set; }

    public ChatFinishReason? Finish { get; private set; }

    /// <summary>The words at which the model stopped, where its service tells them.</summary>
    public string? StoppedAt { get; private set; }

    /// <summary>Whether something was refused, by the guard or by the model itself.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Whether tools are called.</summary>
    public bool HasCalls { get; private set; }

    /// <summary>Whether the answer was cut by its length.</summary>
    public bool IsCut => Finish == ChatFinishReason.Length;

    public static AnswerState Of(ChatResponse response)
    {
        AnswerState state = new() { Usage = response.Usage, Finish = response.FinishReason };
        foreach (AIContent content in Contents(response)) state.Add(content);
        return state;
    }

    /// <summary>The contents of a whole response's first choice.</summary>
    public static IEnumerable<AIContent> Contents(ChatResponse response) =>
        response.Messages.Where(message => message.GetChoice() == 0).SelectMany(message => message.Contents);

    public void Add(ChatResponseUpdate update)
    {
        Finish = update.FinishReason ?? Finish;
        foreach (AIContent content in update.Contents) Add(content);
    }

    private void Add(AIContent content)
    {
        switch (content)
        {
            case UsageContent usage: Usage = usage.Details; break;
            case ErrorContent: IsRefused = true; break;
            case FunctionCallContent: HasCalls = true; break;
            case MemberContent { Place: MemberPlace.Choice, Name: "stop_reason" } member: StoppedAt = JsonText.Of(member.Json); break;
        }
    }
}
