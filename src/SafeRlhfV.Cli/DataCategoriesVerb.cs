using System.CommandLine;

namespace SafeRlhfV.Cli;

/// <summary><c>data categories</c>: the taxonomy.</summary>
internal static class DataCategoriesVerb
{
    public static Command Create()
    {
        Option<bool> json = Output.JsonOption();
        Command command = new("categories", "List the twenty harm categories and their domains. Example: safe-rlhf-v data categories --json") { json };
        command.SetAction((parsed, _) =>
        {
            if (parsed.GetValue(json)) Output.Json(new { Categories = Taxonomy.Placements.Select(placement => new { placement.Category, placement.Domain }) });
            else foreach ((string category, string domain) in Taxonomy.Placements) Output.Line($"{category,-37} {domain}");
            return Task.FromResult(0);
        });
        return command;
    }
}
