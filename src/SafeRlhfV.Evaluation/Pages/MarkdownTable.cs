using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>A table in Markdown; a cell cannot break it.</summary>
internal static class MarkdownTable
{
    /// <summary>The table and an empty line.</summary>
    public static string Write(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        StringBuilder text = new();
        Line(text, header);
        text.Append(string.Concat(Enumerable.Repeat("|---", header.Count))).Append("|\n");
        foreach (IReadOnlyList<string> row in rows) Line(text, row);
        return text.Append('\n').ToString();
    }

    private static void Line(StringBuilder text, IReadOnlyList<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(cell => cell.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
}
