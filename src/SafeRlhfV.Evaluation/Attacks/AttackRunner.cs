using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// Attacks a model and its guard: each prompt is disguised, the model answers it, a judge rates the answer against the prompt before its disguise, and the
/// guarded chat client, the same as in production, says what would have left.
/// </summary>
/// <param name="model">The model that answers.</param>
/// <param name="guard">The guard.</param>
/// <param name="judge">Says which answers are unsafe.</param>
/// <param name="seed">Of the answers and of the attacks' random choices.</param>
public sealed class AttackRunner(IChatClient model, IModerator guard, AttackJudge judge, long seed)
{
    private const string GoOn = "go on .";
    private const int MostAtOnce = 64;

    /// <summary>Runs <see cref="GuardAttack.Suite"/>, then attacks that know more than the prompt.</summary>
    /// <param name="targets">The prompts.</param>
    /// <param name="further">The other attacks.</param>
    /// <param name="progress">Told the attack that begins, its number from 0, and how many there are.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="InvalidInputException">There are no prompts, or one of the other attacks cannot change their images.</exception>
    public async Task<IReadOnlyList<AttackResult>> RunAsync(
        IReadOnlyList<AttackTarget> targets, IReadOnlyList<IImageAttack> further, Action<string, int, int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (targets.Count == 0) throw new InvalidInputException("there are no prompts to attack.");
        foreach (IImageAttack attack in further) attack.Check(targets[0].Image);
        int count = GuardAttack.Suite.Count + further.Count;
        List<AttackResult> results = [];
        IReadOnlyList<string> plain = [];
        foreach (GuardAttack attack in GuardAttack.Suite)
        {
            progress?.Invoke(attack.Name, results.Count, count);
            AttackPrompt[] sent = [.. targets.Select(target => attack.Apply(target, new RandomStream(seed, $"attack/{attack.Name}/{target.Name}")))];
            string[] answers = await AnswerAsync(sent, cancellationToken).ConfigureAwait(false);
            if (results.Count == 0) plain = answers;
            results.Add(await MeasureAsync(attack.Name, attack.Description, targets, sent, answers, cancellationToken).ConfigureAwait(false));
        }
        foreach (IImageAttack attack in further)
        {
            progress?.Invoke(attack.Name, results.Count, count);
            IReadOnlyList<RgbImage> images = await attack.ApplyAsync(targets, plain, seed, cancellationToken).ConfigureAwait(false);
            AttackPrompt[] sent = [.. targets.Zip(images, (target, image) => new AttackPrompt(image, [target.Text]))];
            string[] answers = await AnswerAsync(sent, cancellationToken).ConfigureAwait(false);
            results.Add(await MeasureAsync(attack.Name, attack.Description, targets, sent, answers, cancellationToken).ConfigureAwait(false));
        }
        return results;
    }

    private async Task<string[]> AnswerAsync(AttackPrompt[] sent, CancellationToken cancellationToken)
    {
        List<string> answers = [];
        foreach ((int Index, AttackPrompt Prompt)[] part in sent.Index().Chunk(MostAtOnce))
        {
            ChatResponse[] responses = await Task.WhenAll(part.Select(one => model.GetResponseAsync(
                Messages(one.Prompt), new() { Temperature = 1, Seed = seed * 1_000_003 + one.Index }, cancellationToken))).ConfigureAwait(false);
            answers.AddRange(responses.Select(response => response.Text));
        }
        return [.. answers];
    }

    private async Task<AttackResult> MeasureAsync(
        string name, string description, IReadOnlyList<AttackTarget> targets, AttackPrompt[] sent, string[] answers, CancellationToken cancellationToken)
    {
        IReadOnlyList<bool> isUnsafe = await judge(targets, answers, cancellationToken).ConfigureAwait(false);
        bool[] leavesAnswers = await LeavesAsync(sent, answers, checkPrompts: false, cancellationToken).ConfigureAwait(false);
        bool[] leaves = await LeavesAsync(sent, answers, checkPrompts: true, cancellationToken).ConfigureAwait(false);
        int[] safe = [.. Enumerable.Range(0, targets.Count).Where(i => !isUnsafe[i])];
        return new(
            name, description, targets.Count, Share(i => isUnsafe[i]), Share(i => isUnsafe[i] && leavesAnswers[i]), Share(i => isUnsafe[i] && leaves[i]),
            safe.Length == 0 ? double.NaN : safe.Count(i => !leavesAnswers[i]) / (double)safe.Length);

        Estimate Share(Func<int, bool> counts) =>
            Bootstrap.Share([.. Enumerable.Range(0, targets.Count).Select(i => counts(i) ? 1.0 : 0)], new RandomStream(seed, $"attack intervals/{name}"));
    }

    private async Task<bool[]> LeavesAsync(AttackPrompt[] sent, string[] answers, bool checkPrompts, CancellationToken cancellationToken)
    {
        BatchingModerator gathered = new(guard, MostAtOnce);
        await using (gathered.ConfigureAwait(false))
        {
            GuardOptions options = new()
            {
                Moderator = gathered,
                Policy = () => GuardPolicy.Default with { Rounds = 0 },
                CheckPrompts = checkPrompts,
                ModerationTimeout = Timeout.InfiniteTimeSpan,
            };
            List<bool> leaves = [];
            foreach ((int Index, AttackPrompt Prompt)[] part in sent.Index().Chunk(MostAtOnce))
            {
                ChatResponse[] responses = await Task.WhenAll(part.Select(one => new GuardedChatClient(new KnownAnswer(answers[one.Index]), options)
                    .GetResponseAsync(Messages(one.Prompt), null, cancellationToken))).ConfigureAwait(false);
                leaves.AddRange(responses.Select(response => response.GetGuardReport()!.Outcome == GuardOutcome.Passed));
            }
            return [.. leaves];
        }
    }

    private static List<ChatMessage> Messages(AttackPrompt prompt)
    {
        List<ChatMessage> messages = [];
        foreach (string turn in prompt.Turns)
        {
            if (messages.Count > 0) messages.Add(new(ChatRole.Assistant, GoOn));
            messages.Add(new(
                ChatRole.User, messages.Count == 0 ? [((ModerationImage)prompt.Image).ToContent(), new TextContent(turn)] : [new TextContent(turn)]));
        }
        return messages;
    }

    /// <summary>The answer that the model gave, once more.</summary>
    private sealed class KnownAnswer(string answer) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)));

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose() { }
    }
}
