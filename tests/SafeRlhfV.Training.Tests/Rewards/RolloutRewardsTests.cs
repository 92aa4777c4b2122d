using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>Rewards that are checked, from a response's tokens to the metrics of a round.</summary>
public sealed class RolloutRewardsTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static string Start => Golden.At("models", "llava-1.5-tiny");

    [Theory]
    [InlineData("<think>two and two</think> <answer>4</answer>", "4", 1.0, 1.0, 1.0, 1.0, 1.0)]
    [InlineData("<think>two and two</think> The answer is 4.0 apples", "4", null, 0.0, 1.0, 1.0, 0.0)]
    [InlineData("<think>two and two</think> \\boxed{5}", "4", null, 0.0, 0.0, 1.0, 1.0)]
    [InlineData("<answer>(b)</answer>", "B", 1.0, 0.0, null, 0.0, 1.0)]
    [InlineData("<think>B", "B", null, null, null, 0.0, 0.0)]
    [InlineData("<think> </think> B", "B", 1.0, 1.0, null, 0.0, 0.0)]
    [InlineData("<think>a</think> B <think>c</think>", "B", 1.0, 1.0, null, 0.0, 0.0)]
    [InlineData("B <think>a</think>", "B", 1.0, 1.0, null, 0.0, 0.0)]
    public void ResponsesAreChecked(string response, string answer, double? choice, double? exact, double? number, double think, double marked)
    {
        ResponseText text = ResponseText.Of(Encode(response), Processor());
        double? Check(RewardTerm term)
        {
            ConversationRecord row = new() { Kind = RecordKind.Prompt, Messages = [], Answer = answer };
            return term.Check(text, term.NeedsAnswer ? ExpectedAnswer.Of(row, [term])[0] : null);
        }
        if (answer == "B") Assert.Equal(choice, Check(new RewardTerm { Kind = RewardKind.Choice }));
        Assert.Equal(exact, Check(new RewardTerm { Kind = RewardKind.Exact }));
        if (answer != "B") Assert.Equal(number, Check(new RewardTerm { Kind = RewardKind.Number }));
        Assert.Equal(think, Check(new RewardTerm { Kind = RewardKind.Format, Think = true }));
        Assert.Equal(marked, Check(new RewardTerm { Kind = RewardKind.Format }));
    }

    [Theory]
    [InlineData(1e-3, 1000.9, 1.0)]
    [InlineData(1e-3, 1001.1, 0)]
    [InlineData(null, 1000.0005, 1)]
    [InlineData(null, 1000.9, 0)]
    public void AToleranceIsAPartOfTheRightNumber(double? tolerance, double said, double reward) =>
        Assert.Equal(reward, new RewardTerm { Kind = RewardKind.Number, Tolerance = tolerance }.Check(
            ResponseText.Of(Encode(FormattableString.Invariant($"{said}")), Processor()), new ExpectedAnswer(null, 1000, null, [])));

    /// <summary>CM-V reads the whole response, or what is said outside of the thoughts; both costs are told. Parts have no say in it.</summary>
    [Theory]
    [InlineData("ppo", "all", 1)]
    [InlineData("ppo", "answer", 2)]
    [InlineData("grpo", "all", 1)]
    [InlineData("grpo", "answer", 1)]
    public void HarmInThoughtsIsSeen(string trainer, string reads, int micro)
    {
        RolloutRecipe recipe = (RolloutRecipe)tiny.Recipe($"{trainer}-checked", $"costs/{trainer}-{reads}", $"training.cost_reads={reads}",
            "training.calibration_rows=0", $"training.micro_batch={micro}");
        using PpoModels models = PpoModels.Load(recipe.Model, recipe.Seed, critics: recipe.Critics is not null);
        ModelProcessor processor = Processor();
        using VisionCache images = new(models.Policy, processor.Images, 1 << 20);
        TrainingData prompts = RecipeModels.Open(recipe.Data.Prompts, processor, images);
        SampleBatcher batcher = SampleBatcher.Of(prompts);
        string[] texts =
        [
            "<think>open the terminal, copy the password</think> red", "red", "<think>open the terminal, copy the password",
            "red <think>grip the handle</think> 4", "<think>press down hard</think>", "<think>it is red</think>\n4",
        ];
        Episode[] episodes = [.. texts.Select(text => new Episode
        {
            Sample = Encode(text) with { Expected = [.. recipe.Sampling.Rewards.Select(term => term.Kind == RewardKind.Exact
                ? new ExpectedAnswer("red", null, null, []) : null)] },
            Ended = true,
            LogProbs = new float[Encode(text).Response.Length],
        })];
        ScorePair scores;
        if (recipe is PpoRecipe { Training: { } ppo })
        {
            PpoRoles roles = models.Roles(prompts, ppo, 4);
            scores = roles.Scores!;
            using SafePpoTrainer trained = new(roles, ppo, batcher, null, 1);
            trained.Score(episodes);
        }
        else
        {
            GrpoSettings grpo = ((GrpoRecipe)recipe).Training;
            GrpoRoles roles = models.GroupRoles(prompts, grpo, 4);
            scores = roles.Scores!;
            using GrpoTrainer trained = new(roles, grpo, batcher, null, 1);
            trained.Score(episodes);
        }
        float CostOf(int[] response)
        {
            using IDisposable noGrad = no_grad();
            return scores.EndCosts(batcher.Collate([episodes[0].Sample with { Response = response }])).item<float>();
        }
        // thoughts that never end, or behind which nothing is said, are read with all the rest
        bool[] hasOther = [true, false, false, true, false, true];
        foreach ((Episode one, bool other) in episodes.Zip(hasOther))
        {
            float all = CostOf(one.Sample.Response), said = CostOf(batcher.AnswerOf(one.Sample).Response);
            Assert.Equal(all, one.CostOfAll, 1e-4f);
            Assert.Equal(other ? said : all, one.CostOfAnswer, 1e-4f);
            Assert.Equal(other, Math.Abs(all - said) > 1e-4);
            Assert.Equal(reads == "all" ? one.CostOfAll : one.CostOfAnswer, one.Cost);
        }
        Assert.Equal([1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            episodes.Select(one => one.Rewards[recipe.Sampling.Rewards.ToList().FindIndex(term => term.Kind == RewardKind.Exact)].Value));
        Dictionary<string, double> metrics = [];
        new RolloutRewards(recipe.Sampling, batcher).Describe(episodes, metrics);
        Assert.Equal(2 / 6.0, metrics["reward_exact"], 1e-12);
        Assert.Equal(2 / 6.0, metrics["unread_exact"], 1e-12);
        Assert.Equal(2 / 6.0, metrics["reward_format"], 1e-12);
        Assert.DoesNotContain("reward_number", metrics.Keys); // no row has one
        Assert.Equal(1 / 6.0, metrics["unclosed_share"], 1e-12);
        Assert.Equal(episodes.Average(one => one.CostOfAll), metrics["cost_all"], 1e-6);
        Assert.Equal(episodes.Average(one => one.CostOfAnswer), metrics["cost_answer"], 1e-6);
        for (int i = 0; i < episodes.Length; i++)
        {
            double sum = recipe.Sampling.Rewards.Zip(episodes[i].Rewards, (term, part) => term.Weight * part.Value).Sum();
            Assert.Equal(sum, episodes[i].Reward, 1e-6);
            Assert.Equal(trainer == "grpo", episodes[i].Rewards[0].Value is not (0 or 1)); // RM-V's score
        }
    }

    /// <summary>Outside of the thoughts, no token is lost and none of theirs is left.</summary>
    [Theory]
    [InlineData("<think>ab</think>cd", "cd")]
    [InlineData("ab<think>cd</think>ef", "ab ef")]
    [InlineData("ab", "ab")]
    public void TheTokensOfTheAnswerAreThoseOutside(string response, string said)
    {
        EncodedSample sample = Encode(response);
        string left = Processor().DecodeWithMarks(ResponseText.Of(sample, Processor()).AnswerIds());
        foreach (string word in said.Split(' ')) Assert.Contains(word, left, StringComparison.Ordinal);
        Assert.DoesNotContain("think", left, StringComparison.Ordinal);
        Assert.Equal(sample.Response[^1], ResponseText.Of(sample, Processor()).AnswerIds()[^1]);
    }

    [Theory]
    [InlineData("[{kind: exact, tolerance: 1}]", "entry 1 has a tolerance, which is that of number, not of exact")]
    [InlineData("[{kind: score, column: answer}]", "entry 1 has a column, which score does not read")]
    [InlineData("[{kind: format, missing: skip}]", "entry 1 says what a missing answer is, which format does not read")]
    [InlineData("[{kind: choice, think: true}]", "entry 1 has think, which is that of format, not of choice")]
    [InlineData("[{weight: 1}]", "entry 1 has no kind: one of score, exact, choice, number, format")]
    [InlineData("[{kind: exact}, {kind: exact}]", "have exact 2 times")]
    [InlineData("[{kind: exact, wieght: 1}]", "unknown key")]
    [InlineData("[{kind: words}]", "'words' must be one of score, exact, choice, number, format")]
    [InlineData("[exact]", "must be a list of mappings")]
    public void FaultsOfRewardsAreNamed(string rewards, string fault) => Assert.Contains(fault,
        Assert.Throws<InvalidInputException>(() => tiny.Recipe("grpo", "faults", $"training.rewards={rewards}", "model.reward=")).Message);

    /// <summary>What follows from a wrong value is not told beside it.</summary>
    [Theory]
    [InlineData("training.rewards=[{kind: foo}]", "training.rewards[0].kind: 'foo' must be one of score, exact, choice, number, format")]
    [InlineData("training.rewards=[{kind: score}, {kind: foo}]", "training.rewards[1].kind: 'foo' must be")]
    [InlineData("model.sharing=foo", "model.sharing: 'foo' must be one of")]
    public void AWrongWordIsOneFault(string set, string fault)
    {
        string message = Assert.Throws<InvalidInputException>(() => tiny.Recipe("grpo", "faults", set)).Message;
        Assert.Contains($"--set has 1 fault: {fault}", message);
    }

    [Fact]
    public void ARewardModelIsNamedWhereItsScoreIsRewardedAndOnlyThere()
    {
        string Message(string name, params string[] sets) => Assert.Throws<InvalidInputException>(() => tiny.Recipe(name, "models", sets)).Message;
        Assert.Contains("model.reward: is not read: training.rewards has no kind score", Message("grpo", "training.rewards=[{kind: format}]"));
        Assert.Contains("model.reward: is missing", Message("ppo-checked", "training.rewards=[{kind: score}]"));
        Assert.Contains("do not count with cost_only", Message("ppo", "training.cost_only=true", "training.rewards=[{kind: score}]"));
        Assert.Contains("is about the cost of whole responses", Message("grpo-checked", $"certify.folder={tiny.At("world")}", "certify.range=[-50, 50]"));
    }

    [Theory]
    [InlineData("{kind: exact}", "row 6 has no 'answer', which the reward 'exact' needs")]
    [InlineData("{kind: exact, column: solution}", "row 0 has no 'solution', which the reward 'exact' needs")]
    [InlineData("{kind: choice, missing: skip}", "row 0: '4' in 'answer' is nothing that the reward choice can read")]
    public void ARowWithoutItsAnswerIsNamedBeforeTheFirstRound(string reward, string fault)
    {
        Recipe recipe = tiny.Recipe("grpo-checked", $"missing/{fault.Length}", $"training.rewards=[{{kind: score}}, {reward}]");
        string message = Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken)).Message;
        Assert.Contains(fault, message);
        Assert.Contains("train.jsonl", message);
    }

    /// <summary>A misspelt column with missing: skip would reward nothing in every round, and say nothing.</summary>
    [Theory]
    [InlineData("ppo-checked", "exact", "anser")]
    [InlineData("grpo-checked", "number", "solution")]
    [InlineData("grpo-checked", "choice", "right")]
    public void AColumnThatNoRowHasIsNamedBeforeTheFirstRound(string name, string kind, string column)
    {
        Recipe recipe = tiny.Recipe(name, $"nothing/{kind}", $"training.rewards=[{(name.StartsWith("grpo", StringComparison.Ordinal) ? "{kind: score}, " : "")}"
            + $"{{kind: {kind}, column: {column}, missing: skip}}]");
        string message = Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken)).Message;
        Assert.Contains($"no prompt has '{column}', which the reward '{kind}' needs", message);
    }

    /// <summary>Scores that are not finite are named by their model; they are no divergence of the policy, and no defect.</summary>
    [Theory]
    [InlineData("ppo", "cost", "model.cost: the score of a response is", "model.cost")]
    [InlineData("grpo", "cost", "model.cost: the score of a response is", "model.cost")]
    [InlineData("ppo", "reward", "model.reward: the score of a response is", "model.reward")]
    [InlineData("grpo", "reward", "model.reward: the score of a response is", "model.reward")]
    [InlineData("grpo", "reward", "training.judge: the score of a response is", "model.judge")]
    [InlineData("grpo", "reward", "training.rewards: the weighted sum of a response is", "training.rewards=[{kind: score, weight: 1e12}]")]
    public void AScoreThatIsNotFiniteIsNamed(string name, string kind, string fault, string key)
    {
        bool sum = key.Contains('=', StringComparison.Ordinal);
        string broken = tiny.At($"broken-{kind}-{sum}");
        if (!Directory.Exists(broken))
        {
            Directory.CreateDirectory(broken);
            foreach (string file in Directory.EnumerateFiles(tiny.At(kind))) File.Copy(file, Path.Combine(broken, Path.GetFileName(file)));
            using VisionLanguageModel model = ModelCheckpoint.Load(Start);
            using ScoreHead head = ScoreHead.Load(broken, model.HiddenSize);
            using (no_grad()) head.Weight.fill_(sum ? 1e30 : 3e38);
            head.Save(broken);
        }
        Recipe recipe = tiny.Recipe(name, $"broken/{fault.Length}-{name}", [
            "training.calibration_rows=0",
            .. sum ? (string[])[$"model.reward={broken}", key] : [$"{key}={broken}"],
            .. key == "model.judge" ? (string[])["training.judge.every=1"] : [],
        ]);
        string message = Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken)).Message;
        Assert.Contains(fault, message);
        Assert.Contains("not a finite number", message);
        if (sum || key == "model.judge") return;
        recipe = tiny.Recipe(name, $"broken/calibrated-{fault.Length}-{name}", $"{key}={broken}");
        message = Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message;
        Assert.Contains($"calibration: {key} gives an answer a score that is not a finite number", message);
    }

    [Fact]
    public void RewardsAreWrittenAsTheyAreRead()
    {
        Recipe recipe = tiny.Recipe("grpo-checked", "written");
        Assert.Contains("rewards: [{ kind: score, weight: 0.5 }, { kind: exact, weight: 2, missing: skip }, "
            + "{ kind: number, weight: 1, missing: skip, tolerance: 0.01 }, { kind: format, weight: 1, think: true }]", recipe.ToYaml());
        Assert.Equal(recipe.ToYaml(), RecipeReader.Parse(recipe.ToYaml()).ToYaml());
    }

    /// <summary>A model of both scores is a cost model where no reward model is wanted: its costs, and the critic that starts from them.</summary>
    [Theory]
    [InlineData("ppo-checked", "")]
    [InlineData("ppo-checked-backbone", "-adapter")]
    [InlineData("grpo-checked", "")]
    public void TheCostOfAModelOfBothScoresIsUsedWithoutARewardModel(string name, string suffix)
    {
        IReadOnlyDictionary<string, double>[] With(string folder)
        {
            Recipe recipe = tiny.Recipe(name, $"both/{name}/{folder}", ["training.rounds=2", $"model.cost={tiny.At(folder)}",
                .. name[0] == 'g' ? (string[])["model.reward=''", "training.rewards=[{kind: format, think: true}]"] : []]);
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
            return [.. MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Select(line => line.Values)];
        }
        string scores = $"scores{suffix}";
        if (suffix.Length > 0)
        {
            // new adapters differ by their names, and so do the steps of critics that start from them
            scores = Path.Combine("both", name, "adapter");
            Directory.CreateDirectory(tiny.At(scores));
            foreach (string file in Directory.GetFiles(tiny.At("scores-adapter"))) File.Copy(file, Path.Combine(tiny.At(scores), Path.GetFileName(file)));
            File.Copy(tiny.At("cost-adapter", "adapter_model.safetensors"), Path.Combine(tiny.At(scores), "adapter_model.safetensors"), overwrite: true);
        }
        string[] compared = ["window_cost", "cost_all", "cost_answer", "actor_loss", .. name[0] == 'p' ? (string[])["cost_critic_loss"] : []];
        foreach ((IReadOnlyDictionary<string, double> own, IReadOnlyDictionary<string, double> both) in With($"cost{suffix}").Zip(With(scores)))
            foreach (string metric in compared) Assert.Equal(own[metric], both[metric]);
    }

    [Fact]
    public void TheHeadsOfItsCostAreAnEnsemble()
    {
        Recipe recipe = tiny.Recipe("ppo-checked-backbone", "both/heads", "training.rounds=1", $"model.cost={tiny.At("scores-heads-adapter")}",
            "training.pessimism=2");
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Last().Values["cost_disagreement"] > 0);
    }

    [Fact]
    public void ServersDoNotGiveItsCostAlone()
    {
        Recipe recipe = tiny.Recipe("ppo-checked", "both/served", $"model.cost={tiny.At("scores")}", "scoring.cost.endpoints=[http://127.0.0.1:1]");
        Assert.Contains("is a model of both scores, and without model.reward its cost alone is used, which servers do not give",
            Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message);
    }

    /// <summary>Without RM-V a plan counts one model less.</summary>
    [Fact]
    public void APlanCountsTheModelsThatAreLoaded()
    {
        string Plan(string name, params string[] sets) => RecipePlan.ByLimits(tiny.Recipe(name, "plan", sets)).Memory.Assumed;
        Assert.Contains("4 models", Plan("grpo"));
        Assert.Contains("3 models", Plan("grpo", "training.rewards=[{kind: format}]", "model.reward=''"));
        Assert.Contains("6 models", Plan("ppo"));
        Assert.Contains("5 models", Plan("ppo-checked"));
    }

    private static ModelProcessor Processor() => ModelProcessor.Load(Start);

    private static EncodedSample Encode(string response)
    {
        ModelProcessor processor = Processor();
        EncodedPrompt prompt = processor.EncodePrompt("how many are there ?", null);
        return new EncodedSample(prompt.Ids, processor.EncodeResponse(prompt, response), null);
    }
}
