namespace SafeRlhfV.Evaluation;

/// <summary>A section of a page.</summary>
/// <param name="Id">Its anchor.</param>
/// <param name="Short">Its name in the navigation.</param>
/// <param name="Title">Its heading: what it found, where that can be said.</param>
/// <param name="Lead">What the reader should know before looking, in a sentence or two.</param>
/// <param name="Content">Charts, tables, pictures; empty where the run has nothing to show.</param>
internal sealed record ReportSection(string Id, string Short, string Title, string Lead, Markup Content)
{
    public Markup Render() => Markup.Of($"""
        <section id="{Id}" aria-labelledby="{Id}-heading">
        <h2 id="{Id}-heading">{Title}</h2>
        <p class="lead">{Lead}</p>
        {Content}
        </section>

        """);
}
