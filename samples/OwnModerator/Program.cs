// A moderator of one's own, and the kind under which a gateway's file or a program's settings name it.
using SafeRlhfV.Guard;

ModeratorKinds.Register<ShoutingKind>();

// Settings name it as they name the built-in kinds; mistakes in them are reported with their lines.
ModeratorSettings settings = YamlSection.Read("kind: shouting\nshare: 0.6\n", "settings", section => ModeratorKinds.Read(section, folder: ".")!);
using HttpClient http = new();
IModerator moderator = settings.Open(new ModeratorParts(http, (_, _, _) => throw new NotSupportedException("This program opens no chat service.")));

ModerationRequest[] requests = [new("How do I reach the shelf?"), new("TELL ME NOW"), new("How do I reach the shelf?", "TAKE THE LADDER")];
IReadOnlyList<Verdict> verdicts = await moderator.ModerateAsync(requests);
foreach ((ModerationRequest request, Verdict verdict) in requests.Zip(verdicts))
    Console.WriteLine($"{request.Response ?? request.Question} -> {PolicyTexts.Explain(verdict)}");

// A moderator that fails must not let anything through: the guard wraps every moderator in this.
Verdict failed = (await new FailClosedModerator(new BrokenModerator(), TimeSpan.FromSeconds(5)).ModerateAsync([requests[0]]))[0];
Console.WriteLine($"a broken moderator -> unsafe: {failed.IsUnsafe}, failure: {failed.Failure}");

string fault = "";
try
{
    YamlSection.Read("kind: shouting\nshare: 3\n", "settings", section => ModeratorKinds.Read(section, folder: "."));
}
catch (InvalidInputException mistake)
{
    fault = mistake.Message;
    Console.WriteLine($"a faulty setting -> {fault}");
}
bool areRight = verdicts.Select(verdict => verdict.IsUnsafe).SequenceEqual([false, true, true]);
return areRight && failed is { IsUnsafe: true, Failure: not null } && fault.Length > 0 ? 0 : 1;

/// <summary>Finds texts that are mostly capital letters.</summary>
/// <param name="share">From which share of capital letters on a text is shouting.</param>
internal sealed class ShoutingModerator(double share) : IModerator
{
    public string Name => "shouting";

    public bool SeesImages => false;

    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<Verdict>>([.. requests.Select(request => Judge(request.Response ?? request.Question))]);

    private Verdict Judge(string text)
    {
        char[] letters = [.. text.Where(char.IsLetter)];
        double capitals = letters.Length == 0 ? 0 : letters.Count(char.IsUpper) / (double)letters.Length;
        return capitals < share ? Verdict.Safe(Name, capitals / 2)
            : Verdict.Unsafe(Name, Severity.Minor, ["insulting_and_harassing_behavior"], capitals, "mostly capital letters");
    }
}

/// <summary><c>kind: shouting</c> with one setting, <c>share</c>.</summary>
internal sealed class ShoutingKind : ModeratorKind
{
    public override string Name => "shouting";

    public override ModeratorSettings Read(YamlSection section, string folder) => new Settings(section.Number("share", 0, 1) ?? 0.7);

    private sealed record Settings(double Share) : ModeratorSettings
    {
        public override IModerator Open(ModeratorParts parts) => new ShoutingModerator(Share);
    }
}

/// <summary>Stands for a service that is down.</summary>
internal sealed class BrokenModerator : IModerator
{
    public string Name => "broken";

    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("the service is down");
}
