using System.Net;
using System.Runtime.CompilerServices;
using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// A piece of HTML. Built from interpolated strings whose literal parts are markup and whose holes are text: a hole is escaped unless it is itself
/// markup, so no question or answer can become part of the page's structure.
/// </summary>
internal readonly struct Markup(string html)
{
    public static readonly Markup Empty = new("");

    private readonly string? html = html;

    /// <summary>Markup from an interpolated string.</summary>
    public static Markup Of(Builder html) => new(html.ToString());

    /// <summary>The pieces one after another.</summary>
    public static Markup Join(IEnumerable<Markup> pieces) => new(string.Concat(pieces.Select(piece => piece.ToString())));

    public override string ToString() => html ?? "";

    [InterpolatedStringHandler]
    internal readonly struct Builder(int literalLength, int formattedCount)
    {
        private readonly StringBuilder text = new(literalLength + 32 * formattedCount);

        public void AppendLiteral(string literal) => text.Append(literal);
        public void AppendFormatted(Markup markup) => text.Append(markup.ToString());
        public void AppendFormatted(IEnumerable<Markup> pieces) => text.Append(Join(pieces).ToString());
        public void AppendFormatted(string? hole) => text.Append(WebUtility.HtmlEncode(hole));
        public void AppendFormatted(int hole) => text.Append(hole);
        public void AppendFormatted(long hole) => text.Append(hole);
        public override string ToString() => text.ToString();
    }
}
