namespace SafeRlhfV.Core;

/// <summary>One mistake in a YAML file.</summary>
/// <param name="Line">The line, from 1; 0 for a value that was set from outside the file.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
/// <param name="File">The file, where it is not the one that was asked for but one that it is based on; what set the value, where <c>--set</c> did not.</param>
public sealed record YamlFault(long Line, string Message, string? File = null)
{
    /// <summary>What set the value, where it was set from outside the files; null for a value of a file.</summary>
    internal string? SetBy => Line == 0 ? File ?? "--set" : null;

    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? Message : $"{(File is null ? "" : $"{File} ")}line {Line}: {Message}";
}
