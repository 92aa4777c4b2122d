namespace SafeRlhfV.Evaluation;

/// <summary>A table that scrolls inside its own box on a narrow screen; its first column names the row.</summary>
internal static class PageTable
{
    public static Markup Render(string caption, IReadOnlyList<string> header, IEnumerable<IReadOnlyList<Markup>> rows) => Markup.Of($"""
        <div class="scroll" role="region" aria-label="{caption}" tabindex="0"><table><caption class="hidden">{caption}</caption>
        <thead><tr>{header.Select(name => Markup.Of($"<th scope=\"col\">{name}</th>"))}</tr></thead>
        <tbody>{rows.Select(Row)}</tbody></table></div>
        """);

    private static Markup Row(IReadOnlyList<Markup> cells) =>
        Markup.Of($"<tr><th scope=\"row\">{cells[0]}</th>{cells.Skip(1).Select(cell => Markup.Of($"<td>{cell}</td>"))}</tr>\n");
}
