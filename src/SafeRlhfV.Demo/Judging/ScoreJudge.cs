using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;

namespace SafeRlhfV.Demo;

/// <summary>
/// Judges RM-V and CM-V on held-out pairs, read back from their files: noisy labels, true labels, images blanked; and CM-V on the flip probe.
/// </summary>
internal static class ScoreJudge
{
    private const string File = "scores";
    private const int Examples = 3;

    public static string Run(DemoContext context)
    {
        Answers answers = new(context);
        PreferencePair[] pairs = [.. PreferenceDataset.Open(context.Folders.Data(DemoContext.PairData)).ReadPairs(WorldDataset.Evaluation)];
        (WorldPrompt Prompt, TrueLabels Truth)[] truths =
            [.. pairs.Select(pair => context.World.FindTruth(pair)
                ?? throw new InvalidInputException($"{context.Folders.Data(DemoContext.PairData)}: a row is none of this world's; start over with --fresh."))];
        VisionProbeResult vision = Vision(context, answers);
        context.Report(1, 4);
        (ScoreModelResult reward, PreferenceCalibration rewardCalibration) =
            Judge(context, answers, DemoContext.RewardModel, ModelNames.Reward, pairs, truths, out _);
        context.Report(2, 4);
        (ScoreModelResult cost, PreferenceCalibration costCalibration) =
            Judge(context, answers, DemoContext.CostModel, ModelNames.Cost, pairs, truths, out FlipProbeResult? flip);
        ResultsJson.Write(DemoResultsBuilder.Empty(context) with { RewardModel = reward, CostModel = cost, FlipProbes = [flip!], VisionProbe = vision },
            context.Folders.Judged(File));
        string gates = GateResult.Demand(new GateLimits().Check(reward, rewardCalibration, cost, costCalibration),
            _ => "the policies would follow scores that see little more than chance", DemoThresholds.AreHeld(context.Settings.Profile) ? null : _ => { });
        return $"RM-V {reward.Noisy.PairAccuracy!.Value:P1}, CM-V {cost.Noisy.PairAccuracy!.Value:P1} of pairs, sign "
            + $"{cost.Noisy.SignAccuracy!.Value:P1}, flip {flip!.BothRight.Value:P1}; gates: {gates}";
    }

    public static DemoResults Read(DemoContext context) => ResultsJson.Read(context.Folders.Judged(File));

    private static (ScoreModelResult, PreferenceCalibration) Judge(
        DemoContext context, Answers answers, string model, string name, PreferencePair[] pairs, (WorldPrompt Prompt, TrueLabels Truth)[] truths,
        out FlipProbeResult? flip)
    {
        (VisionLanguageModel backbone, ScoreHead head) = context.Scorer(model);
        using (backbone)
        using (head)
        {
            ScorerRole scorer = new(backbone, head);
            double[] Scores(Func<PreferencePair, string> answer, bool grey) =>
                [.. answers.Score(scorer, [.. pairs.Zip(truths, (pair, truth) => (truth.Prompt, (string?)answer(pair)))], grey)
                    .Select(score => (double)score[0])];
            double[] first = Scores(pair => pair.Response1.Text, false), second = Scores(pair => pair.Response2.Text, false);
            double[] greyFirst = Scores(pair => pair.Response1.Text, true), greySecond = Scores(pair => pair.Response2.Text, true);
            bool cost = name == ModelNames.Cost;
            flip = cost ? Flip(context, name, (prompts) => [.. answers.Score(scorer, prompts).Select(score => (double)score[0])], line: 0) : null;
            ScoredPair[] scored = [.. pairs.Select((pair, i) => new ScoredPair
            {
                Category = pair.Category,
                Score1 = first[i],
                Score2 = second[i],
                GreyScore1 = greyFirst[i],
                GreyScore2 = greySecond[i],
                Labels = PairLabels.Of(pair, cost),
                TrueLabels = Labels(truths[i].Truth, cost, pair),
            })];
            return (ScoreModelEvaluation.Summarise(name, scored, context.Settings.Seed), PreferenceCalibration.Measure(name, scored));
        }
    }

    /// <summary>The flip probe of a model: right where the score is below the line without the mark, above it with the skull.</summary>
    public static FlipProbeResult Flip(DemoContext context, string name, Func<IReadOnlyList<(WorldPrompt Prompt, string? Answer)>, double[]> score, double line)
    {
        FlipProbe[] probes = [.. context.World.FlipProbes(context.Settings.FlipProbes)];
        double[] plain = score([.. probes.Select(probe => (probe.Plain, (string?)probe.Answer))]),
            marked = score([.. probes.Select(probe => (probe.Skull, (string?)probe.Answer))]);
        double[] both = [.. plain.Zip(marked, (below, above) => below < line && above > line ? 1.0 : 0)];
        return new FlipProbeResult
        {
            Model = name,
            Pairs = probes.Length,
            BothRight = Bootstrap.Share(both, new RandomStream(context.Settings.Seed, $"bootstrap/flip/{name}")),
            SafeSideRight = plain.Average(value => value < line ? 1.0 : 0),
            UnsafeSideRight = marked.Average(value => value > line ? 1.0 : 0),
            Examples =
            [
                .. probes.Take(Examples).Select((probe, i) => new FlipExample
                {
                    PlainImage = PngBytes.Encode(probe.Plain.Image),
                    MarkedImage = PngBytes.Encode(probe.Skull.Image),
                    PlainDescription = SceneText.Describe(probe.Plain.Scene),
                    MarkedDescription = SceneText.Describe(probe.Skull.Scene),
                    Question = probe.Plain.Text,
                    Answer = probe.Answer,
                    PlainScore = plain[i],
                    MarkedScore = marked[i],
                }),
            ],
        };
    }

    // where the truth is a tie, the row's own coin stands
    private static PairLabels Labels(TrueLabels truth, bool cost, PreferencePair pair) => cost
        ? new PairLabels(3 - (truth.Safer == 0 ? pair.Safer : truth.Safer), !truth.First.IsSafe, !truth.Second.IsSafe)
        : new PairLabels(truth.MoreHelpful == 0 ? pair.MoreHelpful : truth.MoreHelpful);

    // greedy descriptions by the precursor of images that nothing else uses; colour, mark and place count where they are named
    private static VisionProbeResult Vision(DemoContext context, Answers answers)
    {
        IReadOnlyList<Question> questions = Question.Of(QuestionKind.Describe);
        WorldPrompt[] prompts =
        [
            .. context.World.VisionScenes(context.Settings.VisionScenes + context.Settings.VisionProbes).Skip(context.Settings.VisionScenes)
                .Select((unseen, i) => new WorldPrompt(context.Settings.Seed, $"vision-probe/{i}", unseen.Scene, questions[i % questions.Count])),
        ];
        using VisionLanguageModel model = context.Frozen(DemoContext.Start);
        AnswerFacts[] facts = [.. answers.Sample(model, prompts, "vision-probe", temperature: 0)
            .Select((texts, i) => AnswerFacts.Read(prompts[i].Scene, Vocabulary.Encode(texts[0])))];
        static double Share(IEnumerable<bool> right) => right.Select(value => value ? 1.0 : 0).DefaultIfEmpty(double.NaN).Average();
        return new VisionProbeResult(
            prompts.Length, Share(facts.Select(fact => fact.Named)), Share(facts.Where(fact => fact.Named).Select(fact => fact.Coloured)),
            Share(facts.Where(fact => fact.Marks > 0).Select(fact => fact.MarkRight)),
            Share(facts.Where(fact => fact.Places > 0).Select(fact => fact.PlaceRight)));
    }
}
