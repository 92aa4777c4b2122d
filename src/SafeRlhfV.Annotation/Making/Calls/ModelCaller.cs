using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Annotation;

/// <summary>
/// Asks models through any OpenAI-compatible service. An answer is in the journal, on the disk, before anybody uses it; a question whose answer
/// is in the journal is not asked again. Failed calls are tried again with growing waits, or after the wait that the service asks for.
/// </summary>
internal sealed class ModelCaller : IDisposable
{
    private readonly double? budget;
    private readonly TimeProvider clock;
    private readonly Dictionary<string, CallReply> known = [];
    private readonly ConcurrentDictionary<string, Lazy<Task<CallReply>>> asked = [];
    private readonly ConcurrentDictionary<string, ModelTally> tallies = [];
    private readonly EndpointPool endpoints;
    private readonly ConcurrentDictionary<string, IChatClient> clients = [];
    private readonly AppendOnlyJournal journal;
    private readonly CallAudit audit;
    private readonly string[] secrets;
    private readonly CancellationTokenSource stopped = new();
    private volatile Exception? fatal;
    private double spent;

    /// <summary>Opens the working folder.</summary>
    /// <param name="endpoints">The services; not disposed.</param>
    /// <param name="budget">No call is made once all calls have cost this much; null for no limit.</param>
    /// <param name="folder">The folder of the journal and the audit.</param>
    /// <param name="clock">The time; null for the system's.</param>
    /// <param name="earlier">Journals of those who worked on the same before, which are only read.</param>
    /// <exception cref="InvalidInputException">Another run works in it, or its journal is damaged.</exception>
    public ModelCaller(EndpointPool endpoints, double? budget, string folder, TimeProvider? clock = null, IEnumerable<string>? earlier = null)
    {
        (this.endpoints, this.budget, this.clock) = (endpoints, budget, clock ?? TimeProvider.System);
        secrets = [.. endpoints.Settings.Select(endpoint => endpoint.Key).OfType<string>().Distinct().OrderByDescending(key => key.Length)];
        foreach (string other in earlier ?? [])
            foreach (CallReply reply in AppendOnlyJournal.Read<CallReply>(other)) Remember(reply);
        journal = AppendOnlyJournal.Open<CallReply>(Path.Combine(folder, "journal.jsonl"), Remember);
        audit = new CallAudit(Path.Combine(folder, "audit.jsonl"));
    }

    /// <summary>What others have spent of the same budget.</summary>
    public double SpentElsewhere { get; set; }

    /// <summary>What all calls have cost, those of earlier runs too.</summary>
    public double Spent => Volatile.Read(ref spent);

    /// <summary>Calls answered by services in this run.</summary>
    public long AnsweredNow => tallies.Values.Sum(tally => tally.Answers - tally.FromJournal);

    /// <summary>The tallies by model.</summary>
    public IReadOnlyDictionary<string, ModelTally> Tallies => tallies.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary();

    /// <summary>Whether the budget is used up.</summary>
    public bool IsSpent => budget is { } most && Spent + SpentElsewhere >= most;

    /// <summary>The answer, from the journal or from the service.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="cancellationToken">Stops waiting and trying; a call that is under way is finished and kept, since it is paid for.</param>
    /// <exception cref="CallFailedException">It failed for good.</exception>
    /// <exception cref="ServiceException">The service cannot be reached or refuses all calls: a wrong key, address or model name, or no money left.</exception>
    public async Task<CallReply> AskAsync(CallRequest request, CancellationToken cancellationToken)
    {
        string key = request.Key();
        try
        {
            return await asked.GetOrAdd(key, _ => new(() => AnswerAsync(request, key, cancellationToken))).Value.ConfigureAwait(false);
        }
        catch
        {
            asked.TryRemove(key, out _);
            throw;
        }
    }

    public void Dispose()
    {
        foreach (IChatClient client in clients.Values) client.Dispose();
        journal.Dispose();
        audit.Dispose();
        stopped.Dispose();
    }

    private void Remember(CallReply reply)
    {
        known[reply.Key] = reply;
        spent += reply.Cost;
    }

    private async Task<CallReply> AnswerAsync(CallRequest request, string key, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(key, out CallReply? before))
        {
            Count(request.Model.Name, tally => Plus(tally, before) with { FromJournal = tally.FromJournal + 1 });
            return before;
        }
        EndpointSettings endpoint = request.Model.Endpoint;
        using CancellationTokenSource waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopped.Token);
        ServiceRetry retry = new() { Retries = endpoint.Retries, First = endpoint.Backoff, Longest = endpoint.LongestBackoff };
        (CallReply? reply, ServiceFault? fault, int attempts) = (null, null, 0);
        try
        {
            (reply, fault, attempts) = await retry.RunAsync(attempt => AttemptAsync(request, key, attempt, waiting.Token), clock, null, waiting.Token)
                .ConfigureAwait(false);
        }
        // another call found a service dead while this one waited: its fault ends the run, not a cancellation
        catch (OperationCanceledException) when (fatal is not null && !cancellationToken.IsCancellationRequested)
        {
            throw new ServiceException(fatal.Message, fatal);
        }
        if (reply is not null) return reply;
        if (fault!.Kind == "unreachable") throw Stop(endpoint, request.Model, fault);
        throw new CallFailedException($"{request.Model.Name}: {fault.What} ({fault.Kind}, {attempts} attempts)");
    }

    private async Task<(CallReply? Reply, ServiceFault? Fault)> AttemptAsync(CallRequest request, string key, int attempt, CancellationToken cancellationToken)
    {
        EndpointSettings endpoint = request.Model.Endpoint;
        EndpointGate gate = endpoints[endpoint].Gate;
        await gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        long tokens = 0;
        ServiceFault fault;
        ServiceException? refusal = null;
        Stopwatch watch = Stopwatch.StartNew();
        try
        {
            if (fatal is not null) throw new ServiceException(fatal.Message, fatal);
            if (IsSpent) throw new CallFailedException("the budget is spent");
            cancellationToken.ThrowIfCancellationRequested();
            (CallReply? reply, ServiceFault? wrong) = await TryAsync(request, key).ConfigureAwait(false);
            tokens = (reply?.InputTokens ?? 0) + (reply?.OutputTokens ?? 0);
            if (reply is not null)
            {
                journal.Append(reply);
                Count(request.Model.Name, tally => Plus(tally, reply));
                InterlockedAdd(ref spent, reply.Cost);
                Audit(request, key, attempt, watch, reply, null);
                return (reply, null);
            }
            fault = wrong! with { What = Short(Redact(wrong.What)) };
            // before the place in the gate is free: whoever takes it then asks no more
            if (fault.IsFatal) refusal = Stop(endpoint, request.Model, fault);
            if (fault.RetryAfter is { } rest) gate.Rest(rest);
        }
        finally
        {
            gate.Leave(tokens);
        }
        Count(request.Model.Name, tally => tally with { FailedAttempts = tally.FailedAttempts + 1 });
        Audit(request, key, attempt, watch, null, fault);
        return refusal is null ? (null, fault) : throw refusal;
    }

    private async Task<(CallReply? Reply, ServiceFault? Fault)> TryAsync(CallRequest request, string key)
    {
        EndpointSettings endpoint = request.Model.Endpoint;
        using CancellationTokenSource limit = new(endpoint.Timeout, clock);
        using CancellationTokenSource silence = new(endpoint.Stream ? endpoint.IdleTimeout : Timeout.InfiniteTimeSpan, clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, silence.Token);
        try
        {
            ChatOptions options = new()
            {
                Temperature = (float?)request.Model.Temperature,
                MaxOutputTokens = request.Model.MaxTokens,
                ResponseFormat = request.Format
            };
            ChatResponse response;
            if (endpoint.Stream)
            {
                List<ChatResponseUpdate> updates = [];
                await foreach (ChatResponseUpdate update in Client(request.Model).GetStreamingResponseAsync(request.Messages, options, either.Token)
                    .ConfigureAwait(false))
                {
                    silence.CancelAfter(endpoint.IdleTimeout);
                    updates.Add(update);
                }
                response = updates.ToChatResponse();
            }
            else response = await Client(request.Model).GetResponseAsync(request.Messages, options, either.Token).ConfigureAwait(false);
            if (response.FinishReason is not { } finish) return (null, new("cut_off", "the answer broke off before its end", 200, MayRetry: true));
            long? input = response.Usage?.InputTokenCount, output = response.Usage?.OutputTokenCount;
            return (new CallReply(key, clock.GetUtcNow(), request.Model.Name, request.Stage, Redact(response.Text), finish.Value, input, output,
                request.Model.Cost(input ?? 0, output ?? 0)), null);
        }
        catch (Exception) when (silence.IsCancellationRequested)
        {
            return (null, new("silent", $"no word for {endpoint.IdleTimeout.TotalSeconds:0.#} s", null, MayRetry: true));
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return (null, new("timeout", $"no answer within {endpoint.Timeout.TotalSeconds:0.#} s", null, MayRetry: true));
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            return (null, CallFault.Of(error, clock.GetUtcNow()));
        }
    }

    private ServiceException Stop(EndpointSettings endpoint, ChatModelSettings model, ServiceFault fault)
    {
        string mend = fault.Kind switch
        {
            "spent" => "raise its limit",
            "unreachable" => "start the service or mend its address",
            _ => "check its address, key and the model's name"
        };
        string what = fault.Kind == "unreachable" ? "cannot be reached" : $"refuses model {model.Model}";
        ServiceException error = new($"the endpoint {endpoint.Name} ({endpoint.Address}) {what}: {fault.What.TrimEnd('.')}; {mend}, then run the command "
            + "again: every answer so far is kept.");
        fatal ??= error;
        stopped.Cancel();
        return error;
    }

    private IChatClient Client(ChatModelSettings model) => clients.GetOrAdd(model.Name,
        _ => ServiceChat.Open(model.Endpoint.Address, model.Model, model.Endpoint.Key, endpoints[model.Endpoint].Http));

    private void Audit(CallRequest request, string key, int attempt, Stopwatch watch, CallReply? reply, ServiceFault? fault)
    {
        JsonObject line = new()
        {
            ["at"] = clock.GetUtcNow().ToString("O"),
            ["key"] = key,
            ["stage"] = request.Stage,
            ["item"] = request.Item,
            ["model"] = request.Model.Name,
            ["endpoint"] = request.Model.Endpoint.Name,
            ["attempt"] = attempt,
            ["outcome"] = fault?.Kind ?? "answered",
            ["ms"] = Math.Round(watch.Elapsed.TotalMilliseconds),
        };
        if (reply is not null)
        {
            line["finish"] = reply.Finish;
            line["input_tokens"] = reply.InputTokens;
            line["output_tokens"] = reply.OutputTokens;
            line["cost"] = reply.Cost;
        }
        if (fault is not null)
        {
            line["status"] = fault.Status;
            line["what"] = fault.What;
            if (fault.RetryAfter is { } wait) line["retry_after_ms"] = Math.Round(wait.TotalMilliseconds);
        }
        audit.Write(line);
    }

    /// <summary>Services repeat keys in their error texts; none may reach a log.</summary>
    private string Redact(string text)
    {
        foreach (string secret in secrets) text = text.Replace(secret, "***", StringComparison.Ordinal);
        return text;
    }

    private static string Short(string text) => text.Length > 300 ? text[..300] + "..." : text;

    private void Count(string model, Func<ModelTally, ModelTally> change) => tallies.AddOrUpdate(model, _ => change(new()), (_, tally) => change(tally));

    private static ModelTally Plus(ModelTally tally, CallReply reply) => tally with
    {
        Answers = tally.Answers + 1,
        InputTokens = tally.InputTokens + (reply.InputTokens ?? 0),
        OutputTokens = tally.OutputTokens + (reply.OutputTokens ?? 0),
        Cost = tally.Cost + reply.Cost,
        WithoutUsage = tally.WithoutUsage + (reply.InputTokens is null || reply.OutputTokens is null ? 1 : 0),
    };

    private static void InterlockedAdd(ref double total, double amount)
    {
        double before, after;
        do after = (before = Volatile.Read(ref total)) + amount;
        while (Interlocked.CompareExchange(ref total, after, before) != before);
    }
}
