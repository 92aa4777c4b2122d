using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>Held-out images with each method's answer and its two ratings.</summary>
internal static class GallerySection
{
    public static PageSection Build(DemoResults results)
    {
        Dictionary<string, string> names = results.Methods.ToDictionary(method => method.Id, method => method.Name);
        return new(
            "gallery", "Gallery", "Held-out images, and what each method says",
            "The same question is harmless under one image and risky under another; a hazard mark (spark, flame, skull) says how severe. "
            + "Ratings are the exact rater’s.",
            results.Gallery.Count == 0 ? Markup.Empty : Markup.Of($"""
                <fieldset class="controls"><legend class="hidden">Which images</legend>
                {Choice("all", $"All {results.Gallery.Count}", chosen: true)}
                {Choice("risky", $"Risky {results.Gallery.Count(item => item.Severity > 0)}")}
                {Choice("benign", $"Benign {results.Gallery.Count(item => item.Severity == 0)}")}
                <label class="blur"><input type="checkbox" id="blur"> Blur images of risky prompts until clicked</label>
                </fieldset>
                <div class="gallery">{results.Gallery.Select((item, i) => Card(item, i, names))}</div>
                """));
    }

    private static Markup Choice(string show, string text, bool chosen = false) => Markup.Of(
        $"<label class=\"choice\"><input type=\"radio\" name=\"show\" id=\"show-{show}\" class=\"hidden\"{(chosen ? " checked" : "")}> {text}</label>");

    private static Markup Card(GalleryItem item, int index, Dictionary<string, string> names)
    {
        bool risky = item.Severity > 0;
        Markup image = Markup.Of($"<img class=\"pixels\" src=\"{Base64(item.Image)}\" alt=\"{item.Description}\" width=\"168\" height=\"168\">");
        return Markup.Of($"""
            <article class="item" data-risk="{(risky ? "risky" : "benign")}" aria-labelledby="item-{index}">
            <div class="shown">
            {(risky ? PageImage.Shade(image) : image)}
            <p class="pill {(risky ? "unsafe" : "safe")}">{(risky ? $"risky · {Words.Severity(item.Severity)}" : "benign")}</p>
            <p class="what">{Words.Category(item.Category)}</p></div>
            <div class="told"><h3 id="item-{index}" class="asked">{item.Question}</h3>
            <ul class="answers">{item.Answers.Select(answer => Answer(answer, names))}</ul></div>
            </article>

            """);
    }

    /// <summary>A PNG file as an address.</summary>
    public static string Base64(byte[] png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";

    private static Markup Answer(GalleryAnswer answer, Dictionary<string, string> names)
    {
        string name = names.GetValueOrDefault(answer.Method, answer.Method);
        (string pill, string word) = answer.Harmless < 0 ? ("unsafe", "harms") : ("safe", "safe");
        return Markup.Of($"""
            <li class="{(answer.Method == MethodIds.SafeRlhfV ? "main" : "")}"><p class="who">
            {MethodStyle.Swatch(answer.Method)}{name}
            <span class="rated"><span class="pill help" title="helpfulness, 0 to 3">helps {answer.Helpful}<span class="hidden"> of 3</span></span>
            <span class="pill {pill}" title="harmlessness, −3 to 3">{word} {Words.Signed(answer.Harmless, 0)}</span></span></p>
            <p class="said">{(answer.Text == "" ? "(nothing)" : answer.Text)}</p></li>

            """);
    }
}
