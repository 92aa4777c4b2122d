using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// Remembers by fingerprint which turns of a user were refused, so that they go neither to the guard nor to the model when the conversation goes on: one
/// refused turn does not block a chat for good. A turn that was refused for its own words is known in every conversation of the same caller; one that was
/// refused together with other messages (those before it, or what a tool answered to it), only among the same messages. What stands beside the messages (tools,
/// metadata) says nothing of a turn, and is not remembered. May be used by several threads.
/// </summary>
public sealed class RefusedTurns
{
    private readonly int capacity;
    private readonly TimeSpan lifetime;
    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> known = [];
    private readonly Queue<(string Key, long At)> order = new();

    /// <summary>Creates the memory.</summary>
    /// <param name="capacity">How many turns are remembered; the oldest go first.</param>
    /// <param name="lifetime">For how long, a day by default.</param>
    /// <param name="clock">The clock.</param>
    public RefusedTurns(int capacity = 100_000, TimeSpan? lifetime = null, TimeProvider? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        (this.capacity, this.lifetime, this.clock) = (capacity, lifetime ?? TimeSpan.FromDays(1), clock ?? TimeProvider.System);
    }

    /// <summary>
    /// The places of the messages to leave out: refused turns before the last one, each with the answers that follow it. Consecutive messages of the user are
    /// one turn.
    /// </summary>
    public IReadOnlyList<int> Find(IReadOnlyList<ChatMessage> messages, GuardContext context)
    {
        lock (gate)
            if (known.Count == 0) return [];
        List<Turn> turns = Turns(messages);
        if (turns.Count == 0) return [];
        Turn last = turns[^1];
        string[] prints = [.. messages.Take(last.End - 1).Select(message => Fingerprint([message]))];
        List<int> found = [];
        string before = "";
        int chained = 0;
        for (int i = 0; i < turns.Count - 1; i++)
        {
            (int start, int end) = turns[i];
            int next = turns[i + 1].Start;
            int[] refused = [.. Enumerable.Range(start, end - start).Where(IsRefused)];
            bool isWhole = refused.Length == end - start
                || (end - start > 1 && IsKnown(Key(context, Fingerprint(messages.Skip(start).Take(end - start)))));
            for (; chained < next; chained++)
            {
                before = Chain(before, messages[chained].Role, prints[chained]);
                isWhole |= chained >= end - 1 && IsKnown(Key(context, before));
            }
            found.AddRange(isWhole ? Enumerable.Range(start, next - start).Where(at => messages[at].Role != ChatRole.System) : refused);
        }

        // The client may have left the refusal out, so that the refused message and the new one are one turn.
        found.AddRange(Enumerable.Range(last.Start, last.End - 1 - last.Start).Where(IsRefused));
        return found;

        bool IsRefused(int at) => IsKnown(Key(context, prints[at]));
    }

    /// <summary>The messages without refused turns; the same object where there are none.</summary>
    public IReadOnlyList<ChatMessage> Without(IReadOnlyList<ChatMessage> messages, GuardContext context)
    {
        HashSet<int> found = [.. Find(messages, context)];
        return found.Count == 0 ? messages : [.. messages.Where((_, i) => !found.Contains(i))];
    }

    /// <summary>Remembers the last turn of a conversation.</summary>
    /// <param name="messages">The conversation, as the caller sent it.</param>
    /// <param name="context">Who asked.</param>
    /// <param name="isAlone">Whether the turn was refused for its own words.</param>
    public void Add(IReadOnlyList<ChatMessage> messages, GuardContext context, bool isAlone)
    {
        List<Turn> turns = Turns(messages);
        if (turns.Count == 0) return;
        (int start, int end) = turns[^1];
        string key = Key(context, isAlone
            ? Fingerprint(messages.Skip(start).Take(end - start))
            : messages.Aggregate("", (before, message) => Chain(before, message.Role, Fingerprint([message]))));
        long now = clock.GetTimestamp();
        lock (gate)
        {
            known[key] = now;
            order.Enqueue((key, now));
            while (order.Count > capacity)
            {
                (string oldest, long at) = order.Dequeue();
                if (known.TryGetValue(oldest, out long last) && last == at) known.Remove(oldest);
            }
        }
    }

    private bool IsKnown(string key)
    {
        lock (gate) return known.TryGetValue(key, out long at) && clock.GetElapsedTime(at) <= lifetime;
    }

    private static List<Turn> Turns(IReadOnlyList<ChatMessage> messages)
    {
        List<Turn> turns = [];
        for (int i = 0; i < messages.Count; i++)
        {
            if (messages[i].Role != ChatRole.User) continue;
            int start = i;
            while (i + 1 < messages.Count && messages[i + 1].Role == ChatRole.User) i++;
            turns.Add(new(start, i + 1));
        }
        return turns;
    }

    private static string Fingerprint(IEnumerable<ChatMessage> messages)
    {
        ChatContents contents = ChatContents.Of(messages.SelectMany(message => message.Contents));
        return RequestHash.Of(new ModerationRequest(contents.Images, contents.Text));
    }

    private static string Chain(string before, ChatRole role, string print) => Hash($"{before} {role} {print}");

    private static string Key(GuardContext context, string print) => Hash($"{context.User}\0{context.Role}\0{context.Route}\0{print}");

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private readonly record struct Turn(int Start, int End);
}
