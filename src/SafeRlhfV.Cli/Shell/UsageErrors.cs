using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;

namespace SafeRlhfV.Cli;

/// <summary>What is wrong with a command line, in one line that says what was probably meant.</summary>
internal static class UsageErrors
{
    /// <summary>The most telling error of a line that cannot be parsed.</summary>
    public static string Of(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string verb = VerbOf(parsed.CommandResult), help = $" See 'safe-rlhf-v {verb}--help'.";
        // an unknown word is the cause of what else is missing, and an unknown option that of its value left over
        string? option = command.Subcommands.Count > 0 ? null : Values(parsed).Concat(parsed.UnmatchedTokens).FirstOrDefault(token => token.StartsWith('-'));
        string? word = option ?? parsed.UnmatchedTokens.FirstOrDefault();
        if (word is not null) return Unknown(parsed, command, verb, word) + help;
        if (command.Subcommands.Count > 0)
            return $"{(verb.Length == 0 ? "safe-rlhf-v" : $"'{verb.TrimEnd()}'")} needs a command: "
                + $"{string.Join(", ", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name))}.{help}";
        ParseError error = parsed.Errors[0];
        // the parser's own message names .NET types
        if (error.SymbolResult is OptionResult { Option: var given, Tokens: var tokens } && error.Message.Contains("expected type", StringComparison.Ordinal)
            && tokens.FirstOrDefault(token => error.Message.Contains($"'{token.Value}'", StringComparison.Ordinal)) is { } wrong)
            return $"{given.Name} '{wrong.Value}': give {WantedOf(given.ValueType, wrong.Value)}.{help}";
        string message = string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (message.Split("Must be one of:") is [var said, var among] && Quoted(said) is [var refused, ..])
        {
            string? of = error.SymbolResult switch
            {
                OptionResult { Option.Name: var named } => named,
                ArgumentResult { Argument.Name: var named } => $"<{named}>",
                _ => null,
            };
            return $"{of} '{refused}': give one of {string.Join(", ", Quoted(among))}.{help}".TrimStart();
        }
        return (error.SymbolResult is OptionResult { Option.Name: { } name } && !message.Contains(name, StringComparison.Ordinal)
            ? $"{name}: {message}"
            : message) + help;
    }

    private static string[] Quoted(string text) => [.. text.Split('\'').Where((_, i) => i % 2 == 1)];

    private static readonly HashSet<string> Places =
        ["--out", "--config", "--data", "--model", "--policy", "--reward", "--cost", "--guard", "--images", "--results", "--journal", "--scores"];

    /// <summary>What is said of a file or folder with an empty name, as a script's unset variable leaves it; null where there is none.</summary>
    public static string? OfEmptyPlace(ParseResult parsed)
    {
        foreach (SymbolResult symbol in parsed.CommandResult.Children)
        {
            string? name = symbol switch
            {
                OptionResult { Option.Name: var option } when Places.Contains(option) => option,
                ArgumentResult { Argument.Name: var argument } => $"<{argument}>",
                _ => null,
            };
            if (name is not null && symbol.Tokens.Any(token => token.Value.Length == 0))
                return $"{name} is empty; name a folder or a file. See 'safe-rlhf-v {VerbOf(parsed.CommandResult)}--help'.";
        }
        return null;
    }

    private static string WantedOf(Type type, string given)
    {
        type = type.GetElementType() ?? Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? string.Join(" or ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()))
            : type == typeof(bool) ? "true or false"
            : type == typeof(int) ? WholeNumber(int.MinValue, int.MaxValue) : type == typeof(long) ? WholeNumber(long.MinValue, long.MaxValue) : "a number";

        string WholeNumber(long least, long most) => $"a whole number{(BigInteger.TryParse(given, out _) ? $" from {least} to {most}" : "")}";
    }

    /// <summary>All commands, a line each; groups are followed by theirs.</summary>
    public static IEnumerable<string> Commands(Command root)
    {
        yield return $"{root.Description}";
        yield return "";
        foreach (Command command in root.Subcommands.Where(command => !command.Hidden))
        {
            yield return $"  {command.Name,-10} {FirstSentence(command.Description)}";
            if (command.Subcommands.Count > 0) yield return $"  {"",-10}   {string.Join(" · ", command.Subcommands.Select(sub => sub.Name))}";
        }
        yield return "";
        yield return "safe-rlhf-v COMMAND --help tells the options of a command, with an example. Begin with: safe-rlhf-v demo --quick";
    }

    private static string Unknown(ParseResult parsed, Command command, string verb, string word)
    {
        if (word.StartsWith('-'))
        {
            string? option = Closest(word, Options(parsed.CommandResult));
            return $"unknown option '{word}'{(option is null ? "." : $"; did you mean '{option}'?")}";
        }
        if (FlagBefore(parsed, command, word) is { } flag) return $"unexpected argument '{word}' of '{verb.TrimEnd()}'; {flag} takes no value.";
        if (command.Subcommands.Count == 0) return $"unexpected argument '{word}' of '{verb.TrimEnd()}'; put texts of several words in quotes.";
        string? meant = Closest(word, command.Subcommands.Select(sub => sub.Name));
        // a command of another group: 'split' is 'data split'
        string? whole = meant is not null ? verb + meant : Elsewhere(parsed.RootCommandResult.Command, "", word);
        return $"unknown command '{verb}{word}'{(whole is null ? "." : $"; did you mean '{whole}'?")}";
    }

    // the option without a value that stands before a word
    private static string? FlagBefore(ParseResult parsed, Command command, string word)
    {
        string? before = parsed.Tokens.Zip(parsed.Tokens.Skip(1)).FirstOrDefault(pair => pair.Second.Value == word).First?.Value;
        return command.Options.FirstOrDefault(option => option.Name == before && option.ValueType == typeof(bool))?.Name;
    }

    private static string? Elsewhere(Command within, string path, string word)
    {
        foreach (Command sub in within.Subcommands)
        {
            if (sub.Name == word) return path + sub.Name;
            if (Elsewhere(sub, $"{path}{sub.Name} ", word) is { } found) return found;
        }
        return null;
    }

    private static IEnumerable<string> Options(CommandResult result)
    {
        for (CommandResult? at = result; at is not null; at = at.Parent as CommandResult)
            foreach (Option option in at.Command.Options.Where(option => at == result || option.Recursive)) yield return option.Name;
    }

    // the parser takes an unknown option for the value of an argument
    private static IEnumerable<string> Values(ParseResult parsed) =>
        parsed.UnmatchedTokens.Count == 0 ? [] : parsed.CommandResult.Tokens.Select(token => token.Value);

    private static string VerbOf(CommandResult result)
    {
        List<string> names = [];
        for (CommandResult at = result; at.Parent is CommandResult parent; at = parent) names.Insert(0, at.Command.Name + " ");
        return string.Concat(names);
    }

    private static string FirstSentence(string? text) => text is null ? "" : text.IndexOf(" Example:", StringComparison.Ordinal) is > 0 and int end
        ? text[..end] : text;

    /// <summary>The word that takes fewest changes of letters (swapped neighbours are one); null where all are too far.</summary>
    internal static string? Closest(string word, IEnumerable<string> known) => known.Select(name => (name, Distance: Distance(word, name)))
        .Where(one => one.Distance <= Math.Max(1, Math.Min(3, one.name.Length / 2 - (one.name.StartsWith('-') ? 1 : 0)))).OrderBy(one => one.Distance)
        .Select(one => one.name).FirstOrDefault();

    private static int Distance(string left, string right)
    {
        int[,] cost = new int[left.Length + 1, right.Length + 1];
        for (int i = 0; i <= left.Length; i++)
            for (int j = 0; j <= right.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        return cost[left.Length, right.Length];
    }
}
