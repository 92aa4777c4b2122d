using System.CommandLine;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>reference verbs|recipes</c>: all commands, or all keys of recipes, as Markdown from the program itself.</summary>
internal static partial class ReferenceVerb
{
    public static Command Create()
    {
        Argument<string> what = new("WHAT") { Description = "verbs (all commands with their options) or recipes (all keys of all trainers)." };
        what.AcceptOnlyFromAmong("verbs", "recipes");
        Command command = new("reference", "Print the reference of all commands, or of all keys of recipes, as Markdown. Example: safe-rlhf-v reference verbs")
        {
            what,
        };
        command.SetAction((parsed, _) =>
        {
            foreach (string line in parsed.GetValue(what) == "verbs" ? Verbs(parsed.RootCommandResult.Command) : Recipes()) Output.Line(line);
            return Task.FromResult(0);
        });
        return command;
    }

    private static IEnumerable<string> Verbs(Command root) =>
    [
        "# Commands", "", $"{root.Description} Made by `safe-rlhf-v reference verbs`.", "",
        .. root.Subcommands.Where(command => !command.Hidden).SelectMany(command => Of(command, "safe-rlhf-v")),
    ];

    private static IEnumerable<string> Of(Command command, string path)
    {
        path = $"{path} {command.Name}";
        string text = command.Description ?? "";
        int example = text.IndexOf("Example:", StringComparison.Ordinal);
        yield return $"## {path}";
        yield return "";
        yield return Escape((example < 0 ? text : text[..example]).Trim());
        yield return "";
        if (example >= 0)
        {
            yield return "```sh";
            yield return text[(example + "Example:".Length)..].Trim();
            yield return "```";
            yield return "";
        }
        (string Name, string? Description)[] rows =
        [
            .. command.Arguments.Where(argument => !argument.Hidden).Select(argument => ($"`<{argument.Name}>`", argument.Description)),
            .. command.Options.Where(option => !option.Hidden && option.Name != "--help").OrderBy(option => option.Name, StringComparer.Ordinal)
                .Select(option => ($"`{option.Name}`{(option.Required ? " (required)" : "")}", option.Description)),
        ];
        if (rows.Length > 0)
        {
            yield return "| option | what it is |";
            yield return "|---|---|";
            foreach ((string name, string? description) in rows) yield return $"| {name} | {Escape(description ?? "")} |";
            yield return "";
        }
        foreach (Command sub in command.Subcommands.Where(sub => !sub.Hidden))
            foreach (string line in Of(sub, path)) yield return line;
    }

    private static IEnumerable<string> Recipes()
    {
        Dictionary<string, string> meanings = Meanings();
        yield return "# Recipe keys";
        yield return "";
        yield return "All keys of all trainers with their defaults and values. Made by `safe-rlhf-v reference recipes`.";
        foreach (TrainerDefinition trainer in Trainers.All)
        {
            yield return "";
            yield return $"## {trainer.Name}";
            yield return "";
            yield return Escape(trainer.Summary);
            foreach (IGrouping<string, RecipeKey> section in RecipeKeys.Of(trainer).GroupBy(key => key.Section))
            {
                yield return "";
                yield return $"### {trainer.Name}: `{section.Key}`";
                yield return "";
                yield return "| key | default | values | meaning |";
                yield return "|---|---|---|---|";
                foreach (RecipeKey key in section)
                    yield return $"| `{key.Name}` | {(key.Default is null ? "–" : $"`{key.Default}`")} | {key.Values} | "
                        + $"{Escape(meanings.GetValueOrDefault(key.Member, ""))} |";
            }
        }
    }

    // what the code's own documentation says of the keys
    private static Dictionary<string, string> Meanings()
    {
        string own = Path.Combine(AppContext.BaseDirectory, $"{typeof(RecipeKeys).Assembly.GetName().Name}.xml");
        if (!File.Exists(own)) throw new InvalidInputException($"{own}: the documentation of the keys is missing; build the program again.");
        // settings of the mathematics stand beside it
        XElement[] members = [.. Directory.EnumerateFiles(AppContext.BaseDirectory, "SafeRlhfV.*.xml")
            .SelectMany(file => XDocument.Load(file).Descendants("member"))];
        // a positional record's properties are documented as its parameters
        return members.Where(member => member.Element("summary") is not null).Select(member => (Name: Name(member), Text: member.Element("summary")!))
            .Concat(members.SelectMany(member => member.Elements("param").Select(part =>
                (Name: $"P{Name(member)[1..]}.{(string)part.Attribute("name")!}", Text: part))))
            .GroupBy(one => one.Name).ToDictionary(group => group.Key, group => Plain(group.First().Text));

        static string Name(XElement member) => (string)member.Attribute("name")!;
    }

    private static string Plain(XElement text) => Blanks().Replace(string.Concat(text.Nodes().Select(node => node switch
    {
        XText words => words.Value,
        XElement { Name.LocalName: "see" } see => ((string?)see.Attribute("cref") ?? "").Split('(')[0].Split('.')[^1],
        XElement element => element.Value,
        _ => "",
    })), " ").Trim();

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .ReplaceLineEndings(" ");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
