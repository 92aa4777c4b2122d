using System.Net;

namespace SafeRlhfV.Data;

/// <summary>What all pages share: one file, no network, light and dark, pictures blurred until clicked.</summary>
internal static class PageFrame
{
    public static string Encode(string text) => WebUtility.HtmlEncode(text);

    public static string Wrap(string title, string body, string style = "", string script = "") => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
        <link rel="icon" href="data:,">
        <title>{{Encode(title)}}</title>
        <style>
        :root { color-scheme: light dark; --ground: #fff; --ink: #1c2024; --faint: #60656c; --line: #d9dce0; --card: #f7f8f9; --safe: #18794e; --harm: #c62a2f; --bar: #3e63dd; }
        @media (prefers-color-scheme: dark) { :root { --ground: #111315; --ink: #eceef0; --faint: #9ba1a6; --line: #313538; --card: #1a1d1e; --safe: #4cc38a; --harm: #ff6369; --bar: #849dff; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.4rem; margin: 0 0 .25rem; } h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
        .faint { color: var(--faint); } .safe { color: var(--safe); } .harm { color: var(--harm); }
        table { border-collapse: collapse; } th, td { text-align: right; padding: .15rem .6rem; border-bottom: 1px solid var(--line); } th:first-child, td:first-child { text-align: left; }
        {{style}}
        </style>
        </head>
        <body>
        {{body}}
        {{(script.Length > 0 ? $"<script>\n{script}\n</script>" : "")}}
        </body>
        </html>

        """;

    /// <summary>A picture as a data URI: as it is where that is small and a browser shows it, else scaled down; null where it cannot be decoded.</summary>
    public static string? DataUri(byte[] bytes)
    {
        const int Small = 150_000;
        ImageHeader? header = ImageHeader.Read(bytes);
        if (header is { IsBomb: false } && bytes.Length <= Small) return $"data:image/{header.Format.ToLowerInvariant()};base64,{Convert.ToBase64String(bytes)}";
        return PictureReader.Read(bytes, Preview.Jpeg, ImageDecodeOptions.Standard).Result is { } jpeg ? $"data:image/jpeg;base64,{Convert.ToBase64String(jpeg)}" : null;
    }
}
