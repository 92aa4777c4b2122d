namespace SafeRlhfV.Evaluation;

/// <summary>The one check that every metric over parallel lists makes.</summary>
internal static class Lengths
{
    public static void MustBeEqual(int first, int second)
    {
        if (first != second) throw new ArgumentException($"The lists are parallel, but one has {first} entries and the other {second}.");
    }
}
