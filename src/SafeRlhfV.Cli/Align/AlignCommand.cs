using System.Text.Json.Nodes;

namespace SafeRlhfV.Cli;

/// <summary>A command line of this program that a stage of <c>align</c> runs.</summary>
/// <param name="Words">The command line, without the program's name.</param>
internal sealed record AlignCommand(params IReadOnlyList<string> Words)
{
    /// <summary>The key of a refusal that is kept.</summary>
    public const string Refusal = "failed";

    /// <summary>Where the document that the verb prints with --json is kept; null = it is not asked for.</summary>
    public string? Printed { get; init; }

    /// <summary>What is added where an earlier process began it and was stopped.</summary>
    public IReadOnlyList<string> WhenResumed { get; init; } = [];

    /// <summary>Whether exit code 1 is a finding that a later stage looks at, not the end.</summary>
    public bool MayFail { get; init; }

    /// <summary>Whether a refusal of its input is kept as its document, for a later stage to look at, and is not the end.</summary>
    public bool KeepsRefusal { get; init; }

    /// <summary>The command as a person would type it.</summary>
    public override string ToString() => $"safe-rlhf-v {string.Join(' ', Words.Select(TrainVerb.ShellWord))}";

    /// <summary>Runs it.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="InvalidInputException">It failed, or refused its input.</exception>
    public async Task<int> RunAsync(bool resumes, CancellationToken cancellationToken)
    {
        try
        {
            return await CompleteAsync(resumes, cancellationToken);
        }
        catch (InvalidInputException error) when (KeepsRefusal)
        {
            AtomicFile.Write(Printed!, new JsonObject { [Refusal] = error.Message }.ToJsonString());
            return CliHost.CheckFailed;
        }
    }

    private async Task<int> CompleteAsync(bool resumes, CancellationToken cancellationToken)
    {
        (int code, string printed) = await VerbRun.RunAsync([.. Words, .. resumes ? WhenResumed : [], .. Printed is null ? [] : (string[])["--json"]],
            cancellationToken);
        if (code != 0 && !(code == CliHost.CheckFailed && MayFail))
            throw new InvalidInputException($"'{this}' ended with {code}.");
        if (Printed is not null) AtomicFile.Write(Printed, printed);
        return code;
    }
}
