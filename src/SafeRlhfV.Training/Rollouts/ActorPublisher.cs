using System.Globalization;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>
/// Gets the actor to the servers. An adapter is written as a PEFT folder at a new path and loaded under a new name every time (servers keep what they
/// computed by name and path); a folder is deleted only after every server has unloaded it (a server that reads it again and finds it gone may end). A whole
/// model is written as a checkpoint, and its weights are put in place of the served ones.
/// </summary>
internal sealed class ActorPublisher
{
    private const string Adapters = "actor-", Weights = "weights-";

    private readonly PolicyRole actor;
    private readonly ServerPool pool;
    private readonly ServerProtocol protocol;
    private readonly string folder, serverFolder, baseName;
    private readonly string run = Guid.NewGuid().ToString("N")[..8];
    private readonly Dictionary<string, HashSet<ServerEndpoint>> published = [];
    private string? newest;

    /// <summary>Looks for what an earlier process left in the folder.</summary>
    /// <param name="actor">The role that is sampled from.</param>
    /// <param name="pool">The servers.</param>
    /// <param name="protocol">What they want to be sent.</param>
    /// <param name="folder">Where adapters and weights are written.</param>
    /// <param name="serverFolder">The same folder as the servers name it.</param>
    /// <param name="baseName">The name that the base model is served under.</param>
    public ActorPublisher(PolicyRole actor, ServerPool pool, ServerProtocol protocol, string folder, string serverFolder, string baseName)
    {
        (this.actor, this.pool, this.protocol, this.folder, this.serverFolder, this.baseName) = (actor, pool, protocol, folder, serverFolder, baseName);
        Directory.CreateDirectory(folder);
        AtomicFolder.RemoveLeftovers(folder);
        foreach (string left in Directory.EnumerateDirectories(folder))
            if (Path.GetFileName(left) is var name && (name.StartsWith(Adapters, StringComparison.Ordinal)
                || name.StartsWith(Weights, StringComparison.Ordinal)))
                published.Add(name, [.. pool.All]);
    }

    /// <summary>Publishes the actor as it is now to all servers that are up; those that cannot be reached are left out of the round.</summary>
    /// <returns>The name to sample from.</returns>
    /// <exception cref="ServiceException">A server refuses it, or none is left.</exception>
    public async Task<string> PublishAsync(long round, CancellationToken cancellationToken)
    {
        string name = $"{(actor.Adapter is null ? Weights : Adapters)}{run}-{round.ToString("D6", CultureInfo.InvariantCulture)}";
        for (int again = 1; published.ContainsKey(name); again++) name = $"{name.Split('+')[0]}+{again}"; // a round that is sampled anew
        string path = Path.Combine(folder, name), served = serverFolder.Length > 0 ? $"{serverFolder.TrimEnd('/')}/{name}" : path;
        if (actor.Adapter is { } adapter) actor.Model.Adapters[adapter].Save(path);
        else ModelCheckpoint.Save(actor.Model, path);
        HashSet<ServerEndpoint> holders = [];
        published.Add(name, holders);
        newest = name;
        IReadOnlyList<ServerCall> calls = actor.Adapter is null ? protocol.Reload(served, name) : [protocol.LoadAdapter(name, served)];
        await Task.WhenAll(pool.Up.Select(endpoint => LoadAsync(endpoint, calls, path, holders, cancellationToken))).ConfigureAwait(false);
        if (pool.Up.Count == 0) throw pool.NoneLeft();
        return actor.Adapter is null ? baseName : name;
    }

    /// <summary>Unloads all but the newest, and deletes the folders that no server holds any more.</summary>
    /// <param name="all">The newest, too.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>How many folders are left.</returns>
    public async Task<int> RetireAsync(bool all, CancellationToken cancellationToken)
    {
        foreach ((string name, HashSet<ServerEndpoint> holders) in published.Where(one => all || one.Key != newest).ToArray())
        {
            if (name.StartsWith(Weights, StringComparison.Ordinal)) holders.Clear(); // they are read once
            foreach (ServerEndpoint endpoint in holders.Where(holder => holder.Down is null).ToArray())
            {
                (_, ServiceFault? fault) = await endpoint.TryAsync(protocol.UnloadAdapter(name), _ => true, cancellationToken).ConfigureAwait(false);
                if (fault is null || fault.Status is 404 or 400) holders.Remove(endpoint); // 404, 400: it does not know the name; it may have been started anew
            }
            if (holders.Count > 0) continue;
            published.Remove(name);
            string path = Path.Combine(folder, name);
            Delete(path);
        }
        return published.Count;
    }

    private async Task LoadAsync(ServerEndpoint endpoint, IReadOnlyList<ServerCall> calls, string path, HashSet<ServerEndpoint> holders,
        CancellationToken cancellationToken)
    {
        lock (holders) holders.Add(endpoint); // also where the call fails: the server may have carried it out
        foreach (ServerCall call in calls)
        {
            (_, ServiceFault? fault) = await endpoint.TryAsync(call, Done, cancellationToken).ConfigureAwait(false);
            if (fault is null) continue;
            bool isThere = fault.Kind is "refused" or "denied" or "garbled"
                || (fault.Kind == "server_error" && await endpoint.IsWellAsync(cancellationToken).ConfigureAwait(false));
            if (isThere) throw new ServiceException($"{endpoint.Address}{call.Path}: {fault.What.TrimEnd('.')}; {Hint(fault, path)}.");
            pool.LeaveOut(endpoint, fault.What);
            return;
        }
    }

    private string Hint(ServiceFault fault, string path) => fault.Status switch
    {
        401 or 403 => "give the server's API key (rollouts.key_variable)",
        404 when !fault.What.EndsWith("Not Found: Not Found", StringComparison.Ordinal) =>
            $"the server must be able to read {path}: share the folder, and name it by rollouts.folder and rollouts.server_folder",
        _ => actor.Adapter is null ? protocol.ReloadHint : protocol.AdapterHint,
    };

    private static void Delete(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // a shared file system may hold a file for a while; the next process of this run deletes it
        }
    }

    private static bool Done(ServerReply reply)
    {
        ServerProtocol.CheckDone(reply);
        return true;
    }
}
