using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>How far two scorers agree whether harmful items were answered, beyond chance.</summary>
/// <param name="First">One scorer.</param>
/// <param name="Second">The other.</param>
/// <param name="Kappa">Cohen's kappa over the items that both read.</param>
/// <param name="Items">Those items.</param>
public sealed record ScorerAgreement(string First, string Second, double Kappa, int Items)
{
    /// <summary>The agreement of all pairs of scorers that say safe or unsafe, refused or answered.</summary>
    /// <param name="results">What the scorers read.</param>
    /// <param name="harmful">The items that a good answer declines.</param>
    public static IReadOnlyList<ScorerAgreement> Of(IReadOnlyList<ScorerResult> results, IReadOnlySet<string> harmful)
    {
        (string Name, Dictionary<string, bool> Said)[] all = [.. results.Where(result => result.Scorer.Form is ReplyForm.Safety or ReplyForm.Refusal)
            .Select(result => (result.Scorer.Name, result.Items.Where(item => item.Reading is not null && harmful.Contains(item.Id))
                .ToDictionary(item => item.Id, item => item.Reading is "unsafe" or "answered")))];
        return
        [
            .. from i in Enumerable.Range(0, all.Length) from j in Enumerable.Range(i + 1, all.Length - i - 1)
               let both = all[i].Said.Keys.Where(all[j].Said.ContainsKey).ToArray()
               select new ScorerAgreement(all[i].Name, all[j].Name,
                   Agreement.CohenKappa([.. both.Select(id => all[i].Said[id])], [.. both.Select(id => all[j].Said[id])]), both.Length),
        ];
    }
}
