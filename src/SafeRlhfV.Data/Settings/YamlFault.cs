namespace SafeRlhfV.Data;

/// <summary>One mistake in a YAML file.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record YamlFault(long Line, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"line {Line}: {Message}";
}
