using System.Buffers.Binary;
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
/// <remarks>
/// A turn is known under the policy that refused it alone: another policy judges it anew. Each caller (user, role and route) has a memory of its own, so that
/// none can make another's be forgotten. It is kept in this process: programs that serve the same callers do not share it.
/// </remarks>
public sealed class RefusedTurns
{
    private readonly int capacity, callers;
    private readonly TimeSpan lifetime;
    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private readonly Dictionary<(string?, string?, string?), LinkedListNode<Memory>> memories = [];
    private readonly LinkedList<Memory> byUse = new(); // the one that was written to last comes first

    /// <summary>Creates the memory.</summary>
    /// <param name="capacity">How many turns of each caller are remembered; the oldest go first.</param>
    /// <param name="lifetime">For how long, a day by default.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="callers">How many callers are remembered; the one whose last refusal is the oldest goes first.</param>
    public RefusedTurns(int capacity = 5000, TimeSpan? lifetime = null, TimeProvider? clock = null, int callers = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(callers);
        (this.capacity, this.callers, this.lifetime, this.clock) = (capacity, callers, lifetime ?? TimeSpan.FromDays(1), clock ?? TimeProvider.System);
    }

    /// <summary>Raised after a turn was remembered that was refused here, so that other memories can <see cref="Learn"/> it.</summary>
    public event Action<RefusedTurn>? Remembered;

    /// <summary>Remembers a turn that was refused elsewhere; one that is known already stays as old as it is.</summary>
    public void Learn(RefusedTurn turn)
    {
        GuardContext context = new(turn.User, turn.Role, turn.Route);
        if (!Knows(context, turn.Fingerprint)) Add(context, turn.Fingerprint);
    }

    /// <summary>
    /// What turns are remembered under: a policy, and whether the request asked that all that is flagged be refused. What was refused for the request's sake
    /// alone is no refused turn for requests that do not ask so.
    /// </summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="blocksFlagged">Whether the request asks that all that is flagged in prompts be refused.</param>
    public static string VersionOf(GuardPolicy policy, bool blocksFlagged) => blocksFlagged ? policy.Version + "+block" : policy.Version;

    /// <summary>
    /// The places of the messages to leave out: refused turns before the last one, each with the answers that follow it. Consecutive messages of the user are
    /// one turn.
    /// </summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="context">Who asks.</param>
    /// <param name="policy">The version of the policy in force; null for the default policy's.</param>
    public IReadOnlyList<int> Find(IReadOnlyList<ChatMessage> messages, GuardContext context, string? policy = null)
    {
        lock (gate)
            if (!memories.ContainsKey(Caller(context))) return [];
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
                || (end - start > 1 && IsKnown(Fingerprint(messages.Skip(start).Take(end - start))));
            for (; chained < next; chained++)
            {
                before = Chain(before, messages[chained].Role, prints[chained]);
                isWhole |= chained >= end - 1 && IsKnown(before);
            }
            found.AddRange(isWhole ? Enumerable.Range(start, next - start).Where(at => messages[at].Role != ChatRole.System) : refused);
        }

        // The client may have left the refusal out, so that the refused message and the new one are one turn.
        found.AddRange(Enumerable.Range(last.Start, last.End - 1 - last.Start).Where(IsRefused));
        return found;

        bool IsRefused(int at) => IsKnown(prints[at]);

        bool IsKnown(string print) => Knows(context, Key(policy, print));
    }

    /// <summary>The messages without refused turns; the same object where there are none.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="context">Who asks.</param>
    /// <param name="policy">The version of the policy in force; null for the default policy's.</param>
    public IReadOnlyList<ChatMessage> Without(IReadOnlyList<ChatMessage> messages, GuardContext context, string? policy = null)
    {
        HashSet<int> found = [.. Find(messages, context, policy)];
        return found.Count == 0 ? messages : [.. messages.Where((_, i) => !found.Contains(i))];
    }

    /// <summary>Remembers the last turn of a conversation.</summary>
    /// <param name="messages">The conversation, as the caller sent it.</param>
    /// <param name="context">Who asked.</param>
    /// <param name="isAlone">Whether the turn was refused for its own words.</param>
    /// <param name="policy">The version of the policy that refused it; null for the default policy's.</param>
    public void Add(IReadOnlyList<ChatMessage> messages, GuardContext context, bool isAlone, string? policy = null)
    {
        List<Turn> turns = Turns(messages);
        if (turns.Count == 0) return;
        (int start, int end) = turns[^1];
        UInt128 key = Key(policy, isAlone
            ? Fingerprint(messages.Skip(start).Take(end - start))
            : messages.Aggregate("", (before, message) => Chain(before, message.Role, Fingerprint([message]))));
        Add(context, key);
        Remembered?.Invoke(new(context.User, context.Role, context.Route, key));
    }

    private void Add(GuardContext context, UInt128 key)
    {
        long now = clock.GetTimestamp();
        lock (gate)
        {
            if (!memories.TryGetValue(Caller(context), out LinkedListNode<Memory>? memory)) memories[Caller(context)] = memory = new(new(Caller(context)));
            else byUse.Remove(memory);
            byUse.AddFirst(memory);
            if (byUse.Count > callers)
            {
                memories.Remove(byUse.Last!.Value.Caller);
                byUse.RemoveLast();
            }
            memory.Value.Add(key, now, capacity);
        }
    }

    private bool Knows(GuardContext context, UInt128 key)
    {
        lock (gate)
            return memories.TryGetValue(Caller(context), out LinkedListNode<Memory>? memory) && memory.Value.Find(key) is { } at
                && clock.GetElapsedTime(at) <= lifetime;
    }

    private static (string?, string?, string?) Caller(GuardContext context) => (context.User, context.Role, context.Route);

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

    private static UInt128 Key(string? policy, string print) =>
        BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{policy ?? GuardPolicy.Default.Version}\0{print}")));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private readonly record struct Turn(int Start, int End);

    /// <summary>The refused turns of one caller.</summary>
    private sealed class Memory((string?, string?, string?) caller)
    {
        private readonly Dictionary<UInt128, long> known = [];
        private readonly Queue<(UInt128 Key, long At)> order = new();

        public (string?, string?, string?) Caller => caller;

        public long? Find(UInt128 key) => known.TryGetValue(key, out long at) ? at : null;

        public void Add(UInt128 key, long now, int capacity)
        {
            known[key] = now;
            order.Enqueue((key, now));
            while (order.Count > capacity)
            {
                (UInt128 oldest, long at) = order.Dequeue();
                if (known.TryGetValue(oldest, out long last) && last == at) known.Remove(oldest);
            }
        }
    }
}
