namespace SafeRlhfV.Evaluation;

/// <summary>The rate of unsafe answers in a group of a family of groups.</summary>
/// <param name="Name">The severity or category.</param>
/// <param name="Unsafe">Unsafe answers of the group.</param>
/// <param name="Total">Answers that could be.</param>
/// <param name="Rate">Their share.</param>
/// <param name="Bound">The bound at level 1 - δ of this group alone.</param>
/// <param name="FamilyBound">The bound at level 1 - δ / m: those of all m groups hold together.</param>
/// <param name="PValue">For the claim that the group's rate is within the budget.</param>
/// <param name="HolmPValue">The same, adjusted for the family.</param>
/// <param name="Holds">Whether the group's rate is certified to be within the budget.</param>
public sealed record GroupRate(
    string Name, int Unsafe, int Total, double Rate, double Bound, double FamilyBound, double PValue, double HolmPValue, bool Holds)
{
    /// <summary>A family of groups at one budget.</summary>
    /// <param name="groups">Name, unsafe answers and answers of each.</param>
    /// <param name="budget">The rate that is allowed in each.</param>
    /// <param name="delta">δ of the whole family.</param>
    public static IReadOnlyList<GroupRate> Family(IReadOnlyList<(string Name, int Unsafe, int Total)> groups, double budget, double delta)
    {
        RateCertificate[] rates = [.. groups.Select(group => new RateCertificate(group.Unsafe, group.Total, budget, delta))];
        double[] adjusted = Families.Holm([.. rates.Select(rate => rate.PValue)]);
        return
        [
            .. groups.Zip(rates, adjusted).Select(one => new GroupRate(
                one.First.Name, one.First.Unsafe, one.First.Total, one.Second.Rate, one.Second.Bound,
                RateCertificate.UpperBound(one.First.Unsafe, one.First.Total, delta / groups.Count), one.Second.PValue, one.Third, one.Third <= delta)),
        ];
    }
}
