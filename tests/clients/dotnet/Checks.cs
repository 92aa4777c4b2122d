namespace DotnetClients;

/// <summary>Runs named checks one after the other and counts them; and what the stub behind the gateway says.</summary>
internal sealed class Checks
{
    public const string Text = "All is well. There is nothing else.", Weather = "It is sunny in Rome. It rains in Oslo.";

    private int passed, failed;

    public async Task RunAsync(string name, Func<Task> check)
    {
        try
        {
            await check();
            passed++;
        }
        catch (Exception error)
        {
            failed++;
            Console.WriteLine($"failed: {name}: {error}");
        }
    }

    /// <summary>Prints the counts.</summary>
    /// <returns>The exit code.</returns>
    public int End(string wire)
    {
        Console.WriteLine($"{wire}: {passed} passed, {failed} failed");
        return failed > 0 || passed == 0 ? 1 : 0;
    }

    public static void Equal<T>(T expected, T found)
    {
        if (!Equals(expected, found)) throw new InvalidOperationException($"expected '{expected}', found '{found}'");
    }

    public static void True(bool holds, string what)
    {
        if (!holds) throw new InvalidOperationException(what);
    }
}
