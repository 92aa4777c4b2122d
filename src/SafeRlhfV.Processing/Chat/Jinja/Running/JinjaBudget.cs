using System.Numerics;
using System.Runtime.CompilerServices;

namespace SafeRlhfV.Processing;

/// <summary>What a rendering may take; a template comes from a folder that someone else wrote. Everything that grows is charged before it is built.</summary>
internal sealed class JinjaBudget
{
    /// <summary>Characters that a rendering, or a text within it, may have.</summary>
    public const int MaxTextLength = 1 << 24;

    private const int MaxSteps = 10_000_000, MaxItems = 1 << 20, MaxCallDepth = 200, CharactersPerStep = 16;

    private long steps;
    private long written;
    private int depth;

    /// <summary>One step of work: a node of the template, an item of a loop.</summary>
    public void Step() => Steps(1);

    /// <summary>A text of that length is about to be built.</summary>
    public void Text(BigInteger length)
    {
        if (length > MaxTextLength) throw JinjaException.Limit($"A text of more than {MaxTextLength} characters is not built.");
        Steps(1 + (long)length / CharactersPerStep);
    }

    /// <summary>A list of that length is about to be built.</summary>
    public void Items(BigInteger count)
    {
        if (count > MaxItems) throw JinjaException.Limit($"A list of more than {MaxItems} items is not built.");
        Steps(1 + (long)count);
    }

    /// <summary>Characters go to the output.</summary>
    public void Write(int length)
    {
        written += length;
        if (written > MaxTextLength) throw JinjaException.Limit($"The template writes more than {MaxTextLength} characters.");
        Steps(1 + length / CharactersPerStep);
    }

    public void Enter()
    {
        if (++depth > MaxCallDepth) throw JinjaException.Limit($"Macros or loops call themselves more than {MaxCallDepth} times deep.");
    }

    public void Leave() => depth--;

    public static void CheckStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw JinjaException.Limit("The template is nested too deeply.");
    }

    private void Steps(long count)
    {
        steps += count;
        if (steps > MaxSteps) throw JinjaException.Limit($"The template takes more than {MaxSteps} steps.");
    }
}
