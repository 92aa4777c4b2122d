using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// One self-contained page: styles, scripts and pictures are inside, plotly.js once. The content policy forbids any request and any script but the
/// two that are named by their hash, so a page opens offline and text inside it can never run.
/// </summary>
internal static class ReportPage
{
    private static readonly Lazy<string> Plotly = new(() =>
    {
        System.Reflection.Assembly package = typeof(Plotly.NET.Chart).Assembly;
        string name = package.GetManifestResourceNames().Single(one => one.EndsWith(".min.js", StringComparison.Ordinal));
        return Text(package.GetManifestResourceStream(name)!);
    });

    private static readonly Lazy<string> Script = new(() => Asset("report.js"));
    private static readonly Lazy<string> Style = new(() => Asset("report.css"));

    /// <summary>Writes the page; sections without content are left out, also from the navigation.</summary>
    public static void Write(string path, string title, Markup header, IReadOnlyList<ReportSection> sections, Markup footer)
    {
        ReportSection[] shown = [.. sections.Where(section => section.Content.ToString() != "")];
        Markup page = Markup.Of($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {Hash(Plotly.Value)} {Hash(Script.Value)}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{title}</title>
            <link rel="icon" href="data:,">
            <style>{new Markup(Style.Value)}</style>
            </head>
            <body>
            <a class="skip" href="#main">Skip to the results</a>
            {header}
            <nav aria-label="Sections"><ul>{shown.Select(section => Markup.Of($"<li><a href=\"#{section.Id}\">{section.Short}</a></li>"))}</ul></nav>
            <main id="main">
            {shown.Select(section => section.Render())}
            </main>
            <footer>{footer}</footer>
            <script>{new Markup(Plotly.Value)}</script>
            <script>{new Markup(Script.Value)}</script>
            </body>
            </html>

            """);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page.ToString())));
    }

    private static Markup Hash(string script) => new($"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'");

    private static string Asset(string name) => Text(typeof(ReportPage).Assembly.GetManifestResourceStream(name)!);

    private static string Text(Stream stream)
    {
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n"); // the browser hashes a script after normalising its line ends
    }
}
