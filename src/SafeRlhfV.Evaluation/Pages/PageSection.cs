namespace SafeRlhfV.Evaluation;

/// <summary>A section of a page.</summary>
/// <param name="Id">Its anchor.</param>
/// <param name="Short">Its name in the navigation.</param>
/// <param name="Title">Its heading: what it found, where that can be said.</param>
/// <param name="Lead">What the reader should know before looking, in a sentence or two.</param>
/// <param name="Content">Charts, tables, images; empty where there is nothing to show.</param>
internal sealed record PageSection(string Id, string Short, string Title, string Lead, Markup Content)
{
    public Markup Render() => Markup.Of($"""
        <section id="{Id}" aria-labelledby="{Id}-heading">
        <h2 id="{Id}-heading">{Title}</h2>
        {(Lead == "" ? Markup.Empty : Markup.Of($"<p class=\"lead\">{Lead}</p>"))}
        {Content}
        </section>

        """);
}
