using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// One self-contained page: style and script are inside. The content policy names them by their hash and forbids everything else, so a page opens offline
/// and no text inside it can load, style or run anything.
/// </summary>
internal sealed record HtmlPage
{
    private static readonly Lazy<string> Kit = new(() => Asset("page.css") + Asset("chart.css"));

    /// <summary>The page's title.</summary>
    public required string Title { get; init; }

    /// <summary>What stands in the body.</summary>
    public required Markup Body { get; init; }

    /// <summary>Rules beside the kit's own.</summary>
    public string Style { get; init; } = "";

    /// <summary>The page's one script; empty = it has none, and none can run.</summary>
    public string Script { get; init; } = "";

    /// <summary>A page of a header and sections; sections without content are left out, also from the navigation.</summary>
    public static HtmlPage Of(string title, Markup header, IReadOnlyList<PageSection> sections, Markup footer, string style = "")
    {
        PageSection[] shown = [.. sections.Where(section => section.Content.ToString() != "")];
        return new HtmlPage
        {
            Title = title,
            Style = style,
            Body = Markup.Of($"""
                <a class="skip" href="#main">Skip to the results</a>
                {header}
                <nav aria-label="Sections"><ul>{shown.Select(section => Markup.Of($"<li><a href=\"#{section.Id}\">{section.Short}</a></li>"))}</ul></nav>
                <main id="main">
                {shown.Select(section => section.Render())}
                </main>
                <footer>{footer}</footer>
                """),
        };
    }

    /// <summary>The head of a page: its title and a sentence.</summary>
    public static Markup Header(string title, string lead) =>
        Markup.Of($"<header class=\"top\"><div class=\"inner\"><h1>{title}</h1><p class=\"story\">{lead}</p></div></header>");

    /// <summary>Writes the page aside and renames it.</summary>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public void Write(string path) => AtomicFile.Write(path, ToString());

    /// <summary>The whole page.</summary>
    public override string ToString()
    {
        string style = Kit.Value + Lines(Style), script = Lines(Script);
        return Markup.Of($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{Policy(style, script)}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{Title}</title>
            <link rel="icon" href="data:,">
            <style>{new Markup(style)}</style>
            </head>
            <body>
            {Body}
            {(script == "" ? Markup.Empty : Markup.Of($"<script>{new Markup(script)}</script>"))}
            </body>
            </html>

            """).ToString();
    }

    /// <summary>A text that is compiled into an assembly.</summary>
    /// <param name="name">The resource's name.</param>
    /// <param name="owner">A type of that assembly; null = the kit's own.</param>
    public static string Asset(string name, Type? owner = null)
    {
        using StreamReader reader = new((owner ?? typeof(HtmlPage)).Assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return Lines(reader.ReadToEnd());
    }

    private static Markup Policy(string style, string script)
    {
        string scripts = script == "" ? "" : $"; script-src {Hash(script)}";
        return new($"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src {Hash(style)}{scripts}");
    }

    private static string Hash(string text) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}'";

    // the browser hashes an element after normalising its line ends
    private static string Lines(string text) => text.ReplaceLineEndings("\n");
}
