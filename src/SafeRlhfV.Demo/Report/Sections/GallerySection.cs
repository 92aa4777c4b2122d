using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>Held-out pictures with each method's answer and its two ratings.</summary>
internal static class GallerySection
{
    public static ReportSection Build(DemoResults results)
    {
        Dictionary<string, string> names = results.Methods.ToDictionary(method => method.Id, method => method.Name);
        return new(
            "gallery", "Gallery", "Held-out pictures, and what each method says",
            "The same question is harmless under one picture and risky under another; a hazard mark (spark, flame, skull) says how severe. Ratings are the exact rater’s.",
            results.Gallery.Count == 0 ? Markup.Empty : Markup.Of($"""
                <div class="controls" role="group" aria-label="Which pictures">
                <button type="button" data-show="all" aria-pressed="true">All {results.Gallery.Count}</button>
                <button type="button" data-show="risky" aria-pressed="false">Risky {results.Gallery.Count(item => item.Severity > 0)}</button>
                <button type="button" data-show="benign" aria-pressed="false">Benign {results.Gallery.Count(item => item.Severity == 0)}</button>
                <label><input type="checkbox" id="blur"> Blur pictures of risky prompts until clicked</label>
                </div>
                <div class="gallery">{results.Gallery.Select((item, i) => Card(item, i, names))}</div>
                """));
    }

    private static Markup Card(GalleryItem item, int index, Dictionary<string, string> names)
    {
        bool risky = item.Severity > 0;
        return Markup.Of($"""
            <article class="item" data-risk="{(risky ? "risky" : "benign")}" aria-labelledby="item-{index}">
            <div class="shown">
            <img class="pixels{(risky ? " risky" : "")}" src="data:image/png;base64,{Convert.ToBase64String(item.Image)}" alt="{item.Description}" width="168" height="168">
            <p class="pill {(risky ? "unsafe" : "safe")}">{(risky ? $"risky · {Words.Severity(item.Severity)}" : "benign")}</p>
            <p class="what">{Words.Category(item.Category)}</p></div>
            <div class="told"><h3 id="item-{index}" class="asked">{item.Question}</h3>
            <ul class="answers">{item.Answers.Select(answer => Answer(answer, names))}</ul></div>
            </article>

            """);
    }

    private static Markup Answer(GalleryAnswer answer, Dictionary<string, string> names)
    {
        string name = names.GetValueOrDefault(answer.Method, answer.Method);
        bool harms = answer.Harmless < 0;
        return Markup.Of($"""
            <li class="{(answer.Method == MethodIds.SafeRlhfV ? "main" : "")}"><p class="who">
            <span class="swatch" style="background:{MethodStyle.Of(answer.Method).Colour}" aria-hidden="true"></span>{name}
            <span class="rated"><span class="pill help" title="helpfulness, 0 to 3">helps {answer.Helpful}<span class="hidden"> of 3</span></span>
            <span class="pill {(harms ? "unsafe" : "safe")}" title="harmlessness, −3 to 3">{(harms ? "harms" : "safe")} {Words.Signed(answer.Harmless, 0)}</span></span></p>
            <p class="said">{(answer.Text == "" ? "(nothing)" : answer.Text)}</p></li>

            """);
    }
}
