namespace SafeRlhfV.Processing;

/// <summary>
/// A chat template: Jinja2 as transformers runs it (immutable sandbox, trim_blocks, lstrip_blocks, break and continue, generation blocks). It reaches nothing
/// but the variables it is given, and its steps, output and sizes are bounded. Safe to share between threads.
/// </summary>
/// <remarks>Source: the Jinja 3.1 documentation and transformers' chat template documentation. Refused: lipsum and random, since no two runs of them are
/// alike.</remarks>
internal sealed class JinjaTemplate
{
    private const int MaxLength = 1 << 20;

    private readonly BodyStatement body;
    private readonly Dictionary<string, BlockStatement> blocks;

    private JinjaTemplate(BodyStatement body, Dictionary<string, BlockStatement> blocks) => (this.body, this.blocks) = (body, blocks);

    /// <summary>Reads a template.</summary>
    /// <exception cref="JinjaException">It is not one.</exception>
    public static JinjaTemplate Parse(string text)
    {
        if (text.Length > MaxLength) throw JinjaException.Limit($"The template has more than {MaxLength} characters.");
        (BodyStatement body, Dictionary<string, BlockStatement> blocks) = JinjaParser.Parse(text);
        return new JinjaTemplate(body, blocks);
    }

    /// <summary>Renders with variables; <paramref name="now"/> is the time that strftime_now sees, <paramref name="marks"/> are put around the template's
    /// own texts.</summary>
    /// <exception cref="JinjaException">The template fails or takes more than it may.</exception>
    public JinjaRendering Render(PyDict variables, DateTime now, JinjaMarks? marks = null)
    {
        JinjaRun run = new(now, marks) { Blocks = blocks };
        foreach ((object? name, object? value) in variables.Entries) run.Top.Set((string)name!, value);
        body.Execute(run, run.Top);
        return new JinjaRendering(run.Output, run.Spans);
    }
}

/// <summary>What a template gave.</summary>
/// <param name="Text">The text.</param>
/// <param name="Generated">Stretches that its generation blocks reported, in UTF-16 units, in the order of their ends.</param>
internal sealed record JinjaRendering(string Text, IReadOnlyList<JinjaSpan> Generated);
