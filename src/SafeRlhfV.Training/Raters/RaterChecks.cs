using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>What recipes may say of refusals and of a held-out judge.</summary>
internal static class RaterChecks
{
    /// <summary>Finds what does not fit.</summary>
    public static void Check(RolloutRecipe recipe, RecipeFaults faults)
    {
        CheckRefusal(recipe.Sampling, faults);
        CheckJudge(recipe, faults);
    }

    /// <summary>
    /// Raters and phrases that are named must be known to the program that trains; one that only reads recipes need not know them.
    /// </summary>
    /// <exception cref="InvalidInputException">One is not.</exception>
    public static void Demand(RolloutSettings training)
    {
        if (training.Refusal is { Benign: not (RefusalSettings.ByLabel or RefusalSettings.ByImage) and { } benign } && DataRater.Find(benign) is null)
            throw Unknown("training.refusal.benign", benign, RefusalSettings.ByLabel, RefusalSettings.ByImage);
        if (training.Refusal is { } refusal) DemandPhrases(refusal.Phrases);
        if (training.Judge is { Rater: { Length: > 0 } rater } && DataRater.Find(rater) is null) throw Unknown("training.judge.rater", rater);
    }

    private static void DemandPhrases(string phrases)
    {
        try
        {
            RefusalPhrases.Open(phrases);
        }
        catch (InvalidInputException fault)
        {
            throw new InvalidInputException($"training.refusal.phrases: {fault.Message}", fault);
        }
    }

    private static void CheckRefusal(RolloutSettings training, RecipeFaults faults)
    {
        if (training.Refusal is not { } refusal) return;
        if (refusal.Penalty > 0 && training is PpoSettings { CostOnly: true })
            faults.Add("training.refusal.penalty", "is taken from the reward, and cost_only has none; leave it out");
    }

    private static void CheckJudge(RolloutRecipe recipe, RecipeFaults faults)
    {
        bool model = recipe.Model.Judge.Length > 0;
        if (recipe.Sampling.Judge is not { } judge)
        {
            if (model) faults.Add("model.judge", "judges where training.judge says when; give that section (training.judge.every=1)");
            return;
        }
        int who = (model ? 1 : 0) + (judge.Heads > 0 ? 1 : 0) + (judge.Rater.Length > 0 ? 1 : 0);
        if (who != 1)
            faults.Add("training.judge", $"{(who == 0 ? "nobody judges" : "several judge")}: name one of model.judge, training.judge.heads and "
                + "training.judge.rater");
        if (judge.Heads > 0 && !recipe.Model.HasReward) faults.Add("training.judge.heads", "are heads of RM-V, and there is no model.reward");
        if (judge.Heads > 0 && recipe.Scoring is not null)
            faults.Add("training.judge.heads", "are heads of RM-V, and with scoring a server gives one score; let another judge");
        if (judge.Window % 2 != 0) faults.Add("training.judge.window", $"{judge.Window} must be even: its later half is compared with the earlier one");
        if (recipe.Sampling.RolloutBatch < 2) faults.Add("training.judge", "a standard error takes two prompts a round; raise rollout_batch");
        if (model && recipe.Model.HasReward && Path.GetFullPath(recipe.Model.Judge) == Path.GetFullPath(recipe.Model.Reward))
            faults.Add("model.judge", "is the model that gives the reward, which is no held-out judge");
    }

    private static InvalidInputException Unknown(string key, string name, params string[] own) => new($"{key}: '{name}' is not known here; known are "
        + $"{(own.Length + DataRater.All.Count == 0 ? "none" : string.Join(", ", own.Concat(DataRater.All.Select(rater => rater.Name))))}.");
}
