namespace SafeRlhfV.Conventions.Tests;

/// <summary>For <see cref="CallerTests"/>: never run, what the compiler makes of it is read.</summary>
public interface IProved
{
    /// <summary>Called through the interface.</summary>
    int Implemented();
}

/// <summary>Some of its methods have callers.</summary>
public sealed class Proved : Comparer<int>, IProved
{
    /// <summary>Called by whoever compares.</summary>
    public override int Compare(int x, int y) => x - y;

    /// <inheritdoc/>
    public int Implemented() => CalledInside();

    /// <summary>Called by a method that is called.</summary>
    public static int CalledInside() => 1;

    /// <summary>Called by a lambda.</summary>
    public static int CalledByLambda(int x) => x;

    /// <summary>Called with a type argument.</summary>
    public static T Generic<T>(T[] values) => values[0];

    /// <summary>Has no caller.</summary>
    public static int Alone() => CalledByAlone();

    /// <summary>Its only caller has none.</summary>
    public static int CalledByAlone() => 2;
}

internal static class ProvedCaller
{
    internal static int Call(IProved proved) => proved.Implemented() + new[] { 1 }.Sum(x => Proved.CalledByLambda(x)) + Proved.Generic(new[] { 3 });
}
