using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>A page to browse a data set's rows: filters, search, pictures blurred until clicked and shown only when scrolled to. One file, opens offline.</summary>
public static class InspectPage
{
    /// <summary>The page with the given rows.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="rows">The rows; each picture is embedded (scaled down where large), so a few hundred are sensible.</param>
    /// <param name="total">Rows of the whole data set.</param>
    public static string Write(string title, IEnumerable<DatasetRow> rows, long total)
    {
        var shown = rows.Select(Shape).ToArray();
        string data = JsonSerializer.Serialize(shown); // the default encoder escapes '<', so no text can end the script element
        string body = $"""
            <h1>{PageFrame.Encode(title)}</h1>
            <p class="faint">{shown.Length} of {total} rows{(shown.Length < total ? ", the first of each configuration and split (--rows shows more)" : "")}. Pictures are blurred; click one to see it.</p>
            <form id="filters" onsubmit="return false">
            <label>Category <select id="category"><option value="">all</option></select></label>
            <label>Severity <select id="severity"><option value="">all</option></select></label>
            <label>Label <select id="label"><option value="">all</option><option value="safe">all answers safe</option><option value="mixed">mixed</option><option value="unsafe">all answers unsafe</option></select></label>
            <label>Split <select id="split"><option value="">all</option></select></label>
            <label>Text <input id="text" type="search" placeholder="in question and answers"></label>
            <output id="count"></output>
            </form>
            <main id="rows"></main>
            <div id="more"></div>
            """;
        return PageFrame.Wrap(title, body, Style, $"const rows = {data};\n{Script}");
    }

    private static object Shape(DatasetRow row)
    {
        bool paired = row.Schema.Layout == RowLayout.Paired;
        object[] answers = paired
            ? [.. Enumerable.Range(1, 2).Where(number => row.Text($"response_{number}") is not null || !row.Schema.HasMessages).Select(number => Answer(row, number))]
            : row.Text("response") is null && row.Schema.HasMessages ? [] : [new { t = row.Text("response"), f = (string?)null, s = row.Text("is_response_safe"), h = (long?)null, u = (long?)null }];
        return new
        {
            id = row.Position.ToString(),
            split = row.Position.Split,
            c = row.Text("category"),
            v = row.Integer("image_severity"),
            q = row.Messages is null ? row.Text("question") : null,
            m = row.Messages?.Select(message => new { r = message.Role.ToString().ToLowerInvariant(), l = message.Loss, p = message.Parts.Select(part => (object?)part.Text ?? part.Image) }),
            a = answers,
            better = paired ? row.Text("more_helpful_response_id") : null,
            safer = paired ? row.Text("safer_response_id") : null,
            overall = paired ? row.Text("overall_response_id") : null,
            pics = row.Images.Select(image => new
            {
                img = image.Bytes is { } bytes ? PageFrame.DataUri(bytes) : null,
                held = image.Bytes is not null,
                w = image.Bytes is { } encoded ? ImageHeader.Read(encoded)?.Width : null,
                hgt = image.Bytes is { } again ? ImageHeader.Read(again)?.Height : null,
            }),
        };
    }

    private static object Answer(DatasetRow row, int number) => new
    {
        t = row.Text($"response_{number}"),
        f = row.Text($"response_{number}_from"),
        s = row.Text($"is_response_{number}_safe"),
        h = row.Integer($"response_{number}_harmless_rate"),
        u = row.Integer($"response_{number}_helpful_rate"),
    };

    private const string Style = """
        #filters { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; padding: .75rem 0; background: var(--ground); border-bottom: 1px solid var(--line); }
        #filters label { display: grid; font-size: .85rem; color: var(--faint); } #filters output { margin-left: auto; color: var(--faint); }
        select, input { font: inherit; padding: .25rem .4rem; border: 1px solid var(--line); border-radius: .3rem; background: var(--ground); color: var(--ink); max-width: 16rem; height: 2.1rem; } #text { width: 15rem; }
        article { display: grid; grid-template-columns: 14rem 1fr; gap: 1rem; margin: 1rem 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
        @media (max-width: 40rem) { article { grid-template-columns: 1fr; } }
        .picture { display: block; width: 100%; padding: 0; border: 0; border-radius: .3rem; overflow: hidden; background: var(--line); cursor: pointer; min-height: 4rem; }
        .picture img { display: block; width: 100%; height: auto; filter: blur(18px); } .picture[aria-pressed=true] img { filter: none; }
        .answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; }
        .answer { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 18rem; overflow: auto; } .question { font-weight: 600; white-space: pre-wrap; margin: 0 0 .5rem; } .turn { white-space: pre-wrap; margin: 0 0 .5rem; } .picture + .picture { margin-top: .5rem; }
        """;

    private const string Script = """
        const at = id => document.getElementById(id), make = (tag, text, name) => { const e = document.createElement(tag); if (text != null) e.textContent = text; if (name) e.className = name; return e; };
        for (const [id, key] of [['category', 'c'], ['severity', 'v'], ['split', 'split']])
          for (const value of [...new Set(rows.map(r => r[key]))].filter(v => v != null).sort()) at(id).append(new Option(value, value));
        const lazy = new IntersectionObserver(entries => { for (const e of entries) if (e.isIntersecting) { e.target.src = rows[e.target.dataset.row].pics[e.target.dataset.picture].img; lazy.unobserve(e.target); } }, { rootMargin: '300px' });
        function card(row, index) {
          const article = make('article'), left = make('div'), right = make('div'), answers = make('div', null, 'answers');
          row.pics.forEach((pic, n) => {
            if (!pic.img) return left.append(make('p', pic.held ? 'picture cannot be shown' : 'no picture', 'faint'));
            const button = make('button', null, 'picture'), img = make('img');
            button.type = 'button'; button.ariaPressed = 'false'; button.title = 'show or blur the picture'; img.alt = `picture ${row.pics.length > 1 ? n + 1 + ' ' : ''}of row ${row.id}`; img.dataset.row = index; img.dataset.picture = n;
            if (pic.w) { img.width = pic.w; img.height = pic.hgt; }
            button.onclick = () => button.ariaPressed = button.ariaPressed === 'true' ? 'false' : 'true';
            button.append(img); left.append(button); lazy.observe(img);
          });
          if (!row.pics.length) left.append(make('p', 'no picture', 'faint'));
          left.append(make('div', row.id, 'faint'), make('div', `${row.c ?? 'no category'} · severity ${row.v ?? '–'}`, 'faint'));
          row.a.forEach((a, i) => {
            const box = make('div'), marks = [a.s === 'yes' ? 'safe' : a.s === 'no' ? 'unsafe' : a.s == null ? 'no label' : `label ${a.s}`];
            if (a.h != null) marks.push(`harmless ${a.h}`); if (a.u != null) marks.push(`helpful ${a.u}`);
            if (row.better == i + 1) marks.push('more helpful'); if (row.safer == i + 1) marks.push('safer'); if (row.overall == i + 1) marks.push('better'); if (a.f) marks.push(a.f);
            box.append(make('div', marks.join(' · '), a.s === 'yes' ? 'safe' : 'harm'), make('div', a.t, 'answer')); answers.append(box);
          });
          if (row.q != null) right.append(make('p', row.q, 'question'));
          for (const m of row.m ?? []) {
            const turn = make('p', null, m.r === 'user' ? 'question' : 'turn'); turn.append(make('span', `${m.r}${m.l === false ? ' (not learnt)' : ''}: `, 'faint'));
            for (const part of m.p) turn.append(typeof part === 'number' ? `[picture ${part + 1}] ` : part);
            right.append(turn);
          }
          right.append(answers); article.append(left, right); return article;
        }
        const kind = row => row.a.every(a => a.s === 'yes') ? 'safe' : row.a.some(a => a.s === 'yes') ? 'mixed' : 'unsafe';
        let found = [], shown = 0;
        function more() { for (const stop = Math.min(found.length, shown + 20); shown < stop; shown++) at('rows').append(card(rows[found[shown]], found[shown])); }
        function filter() {
          const c = at('category').value, v = at('severity').value, l = at('label').value, s = at('split').value, t = at('text').value.toLowerCase();
          found = []; shown = 0; at('rows').replaceChildren();
          rows.forEach((r, i) => { if ((!c || r.c === c) && (!v || String(r.v) === v) && (!s || r.split === s) && (!l || kind(r) === l) && (!t || [r.q, ...(r.m ?? []).flatMap(m => m.p).filter(p => typeof p === 'string'), ...r.a.map(a => a.t)].some(x => x && x.toLowerCase().includes(t)))) found.push(i); });
          at('count').textContent = `${found.length} rows`; more();
        }
        new IntersectionObserver(entries => { if (entries[0].isIntersecting) more(); }, { rootMargin: '600px' }).observe(at('more'));
        at('filters').addEventListener('input', filter); filter();
        """;
}
