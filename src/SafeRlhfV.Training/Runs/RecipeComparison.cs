namespace SafeRlhfV.Training;

/// <summary>Compares the recipe that a run was started with and the present one, as they are written. Places may differ.</summary>
/// <param name="places">Keys that say where something is, such as data.folder (<see cref="PlaceAttribute"/>).</param>
internal sealed class RecipeComparison(IReadOnlyCollection<string> places)
{
    /// <summary>The first line in which they differ, in words; null where they differ in places alone, or not at all.</summary>
    public string? Difference(string old, string now)
    {
        Line[] before = [.. What(old)], after = [.. What(now)];
        for (int i = 0; i < Math.Max(before.Length, after.Length); i++)
        {
            (Line? was, Line? isNow) = (before.ElementAtOrDefault(i), after.ElementAtOrDefault(i));
            if (was?.Text != isNow?.Text) return $"line {(isNow ?? was)!.Number}: '{was?.Text.Trim()}' there, '{isNow?.Text.Trim()}' here";
        }
        return null;
    }

    /// <summary>What is elsewhere now, a line each.</summary>
    public IEnumerable<string> Moves(string old, string now)
    {
        Dictionary<string, string> before = Where(old);
        foreach ((string key, string text) in Where(now))
            if (before.GetValueOrDefault(key) is { } was && was != text)
                yield return $"{key} has changed since the run started: {was} then, {text} now. It changes no numbers.";
    }

    /// <summary>A recipe without its places: equal for runs that give the same numbers.</summary>
    public string Without(string recipe) => string.Join('\n', What(recipe).Select(line => line.Text));

    private IEnumerable<Line> What(string recipe) => Lines(recipe).Where(line => !places.Contains(line.Key));

    private Dictionary<string, string> Where(string recipe) =>
        Lines(recipe).Where(line => places.Contains(line.Key)).ToDictionary(line => line.Key, line => line.Text[(line.Text.IndexOf(':') + 1)..].Trim());

    // recipes are written by SettingsBinder: a key a line, two blanks deeper in each section
    private static IEnumerable<Line> Lines(string recipe)
    {
        List<string> path = [];
        string[] texts = recipe.Split('\n');
        for (int i = 0; i < texts.Length; i++)
        {
            string text = texts[i], key = text.TrimStart(' ').Split(':')[0];
            int depth = (text.Length - text.TrimStart(' ').Length) / 2;
            path.RemoveRange(Math.Min(depth, path.Count), Math.Max(0, path.Count - depth));
            path.Add(key);
            yield return new Line(i + 1, string.Join('.', path), text);
        }
    }

    private sealed record Line(int Number, string Key, string Text);
}
