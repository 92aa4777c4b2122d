using SafeRlhfV.Data;

namespace SafeRlhfV.SafetyWorld;

/// <summary>
/// The built-in world under one seed: every set that training and judging need. Each item is drawn from streams of its own, named by set and
/// number, so a set's beginning does not change with its size, sets share nothing, and any item can be had again from the seed.
/// </summary>
/// <param name="seed">The run's seed.</param>
/// <param name="validation">Draw what models are judged on (held-out pairs, test prompts, flip probes) from a validation split: settings are chosen there and
/// reported on the other one.</param>
/// <param name="reasoning">Ask questions with one right answer too (<see cref="ExactShare"/> of all), beside the open ones.</param>
public sealed class World(long seed, bool validation = false, bool reasoning = false)
{
    /// <summary>Share of questions with one right answer, in a world with reasoning.</summary>
    public const double ExactShare = .5;

    /// <summary>Share of instruction samples whose question ends in the hint.</summary>
    public const double HintShare = .06;

    /// <summary>The share of wrong labels in a pair's row, unless another is asked for.</summary>
    public const double LabelNoise = .05;

    private const string PairSet = "pairs", PpoSet = "ppo", HeldOutSet = "held-out", Validation = "validation-";

    /// <summary>The run's seed.</summary>
    public long Seed => seed;

    /// <summary>Images for the vision stage.</summary>
    public IEnumerable<VisionScene> VisionScenes(int count) => Enumerable.Range(0, count).Select(number =>
    {
        RandomStream random = Stream($"vision/{number}");
        Scene scene = SceneSampler.Sample(random);
        return new VisionScene(scene, ScenePainter.Paint(scene, random));
    });

    /// <summary>Instruction samples: the precursor's answers (the hinted responder's under a hint), with describing raised to .45.</summary>
    public IEnumerable<WorldAnswer> SftSamples(int count) => Enumerable.Range(0, count).Select(number =>
    {
        WorldPrompt prompt = Prompt("sft", number, QuestionMix.Instruction, HintShare);
        ResponderKind responder = prompt.Hinted ? ResponderKind.Hinted : ResponderKind.Precursor;
        return new WorldAnswer(prompt, Responder.Answer(prompt, responder, Stream($"sft/{number}/answer")));
    });

    /// <summary>Prompts of the training pairs.</summary>
    public IEnumerable<WorldPrompt> PairPrompts(int count) => Prompts(PairSet, count);

    /// <summary>Prompts of the held-out pairs.</summary>
    public IEnumerable<WorldPrompt> HeldOutPrompts(int count) => Prompts(Judged(HeldOutSet), count);

    /// <summary>Prompts on which finished policies are judged.</summary>
    public IEnumerable<WorldPrompt> TestPrompts(int count) => Prompts(Judged("test"), count);

    /// <summary>Prompts of the PPO rollouts.</summary>
    public IEnumerable<WorldPrompt> PpoPrompts(int count) => Prompts(PpoSet, count);

    /// <summary>Benign prompts (effective severity 0) with complying answers: the instruction data beside PPO.</summary>
    public IEnumerable<WorldAnswer> PtxSamples(int count) => Enumerable.Range(0, count).Select(number =>
    {
        RandomStream random = Stream($"ptx/{number}");
        Question question = QuestionSampler.Sample(random, QuestionMix.Benign);
        Scene scene;
        do scene = SceneSampler.Sample(random); while (question.EffectiveSeverity(scene.Severity) > 0);
        WorldPrompt prompt = new(seed, $"ptx/{number}", scene, question);
        return new WorldAnswer(prompt, Responder.Answer(prompt, AnswerStyle.Comply, rich: false, Stream($"ptx/{number}/answer")));
    });

    /// <summary>
    /// Probes of the image's part in the verdict. Answers are the grammar's complying ones, drawn again until the oracle finds them safe without
    /// the mark and harmful with the skull (a slip of the pen can take away the only use step).
    /// </summary>
    public IEnumerable<FlipProbe> FlipProbes(int count) => Enumerable.Range(0, count).Select(number =>
    {
        string name = $"{Judged("flip")}/{number}";
        RandomStream random = Stream(name);
        Question question = random.Choice(Question.Of(QuestionKind.HowTo));
        int item = random.NextInt(Phrasebook.Objects.Count), colour = random.NextInt(Phrasebook.Colours.Count);
        WorldPrompt plain = new(seed, $"{name}/plain", SceneSampler.Sample(random, item, colour, severity: 0), question);
        WorldPrompt skull = new(seed, $"{name}/skull", SceneSampler.Sample(random, item, colour, severity: 3), question);
        string answer;
        do answer = Responder.Answer(plain, AnswerStyle.Comply, rich: false, random);
        while (!Oracle.Rate(plain, answer).IsSafe || Oracle.Rate(skull, answer).IsSafe);
        return new FlipProbe(plain, skull, answer);
    });

    /// <summary>Training pairs.</summary>
    /// <param name="count">How many.</param>
    /// <param name="candidates">Where the two answers of each prompt come from, asked batch by batch; without it, the precursor's grammar.</param>
    /// <param name="batchSize">Prompts in a batch.</param>
    /// <param name="labelNoise">The share of wrong labels; 0 gives the exact rater's own.</param>
    public IEnumerable<WorldPair> TrainingPairs(int count, CandidateAnswers? candidates = null, int batchSize = 512, double labelNoise = LabelNoise) =>
        Pairs(PairPrompts(count), candidates, batchSize, labelNoise);

    /// <summary>Held-out pairs; parameters as in <see cref="TrainingPairs"/>.</summary>
    public IEnumerable<WorldPair> HeldOutPairs(int count, CandidateAnswers? candidates = null, int batchSize = 512, double labelNoise = LabelNoise) =>
        Pairs(HeldOutPrompts(count), candidates, batchSize, labelNoise);

    /// <summary>
    /// The prompt of a training or held-out pair, or of PPO, by the path of its image: so a judge finds the truth about a row that was read from a file.
    /// </summary>
    /// <returns>The prompt; null where the path is none of this world's.</returns>
    public WorldPrompt? FindPrompt(string? imagePath)
    {
        string name = Path.GetFileNameWithoutExtension(imagePath) ?? "";
        int dash = name.LastIndexOf('-');
        return dash > 0 && name[..dash] is PairSet or PpoSet or HeldOutSet or Validation + HeldOutSet && int.TryParse(name.AsSpan(dash + 1), out int number)
            && number >= 0
            ? Prompt(name[..dash], number, QuestionMix.Usual)
            : null;
    }

    /// <summary>The truth about a row of this world: the oracle's ratings of its two answers.</summary>
    /// <returns>Prompt and ratings; null where the row's image is none of this world's.</returns>
    public (WorldPrompt Prompt, TrueLabels Truth)? FindTruth(PreferencePair row) => FindPrompt(row.Image?.Path) is { } prompt
        ? (prompt, new TrueLabels(Oracle.Rate(prompt, row.Response1.Text), Oracle.Rate(prompt, row.Response2.Text)))
        : null;

    /// <summary>The path under which a data set names a prompt's image.</summary>
    internal static string ImageName(WorldPrompt prompt) => prompt.Name.Replace('/', '-') + ".png";

    /// <summary>A prompt of a set: its scene and question, drawn from the stream "{set}/{number}".</summary>
    internal WorldPrompt Prompt(string set, int number, QuestionMix mix, double hintShare = 0)
    {
        string name = $"{set}/{number}";
        RandomStream random = Stream(name);
        Scene scene = SceneSampler.Sample(random);
        if (reasoning && random.Chance(ExactShare)) return new WorldPrompt(seed, name, scene, random.Choice(Question.Of(QuestionKind.Exact)));
        return new WorldPrompt(seed, name, scene, QuestionSampler.Sample(random, mix), random.Chance(hintShare));
    }

    internal RandomStream Stream(string name) => new(seed, "world/" + name);

    private IEnumerable<WorldPair> Pairs(IEnumerable<WorldPrompt> prompts, CandidateAnswers? candidates, int batchSize, double labelNoise)
    {
        candidates ??= FromGrammar;
        foreach (WorldPrompt[] batch in prompts.Chunk(batchSize))
        {
            IReadOnlyList<(string First, string Second)> answers = candidates(batch);
            if (answers.Count != batch.Length) throw new InvalidOperationException($"{answers.Count} answer pairs came for {batch.Length} prompts.");
            for (int i = 0; i < batch.Length; i++) yield return PairBuilder.Build(batch[i], answers[i], Stream($"{batch[i].Name}/labels"), labelNoise);
        }
    }

    private (string First, string Second)[] FromGrammar(IReadOnlyList<WorldPrompt> prompts) => [.. prompts.Select(prompt =>
    {
        RandomStream random = Stream($"{prompt.Name}/answers");
        return (Responder.Answer(prompt, ResponderKind.Precursor, random), Responder.Answer(prompt, ResponderKind.Precursor, random));
    })];

    private string Judged(string set) => validation ? Validation + set : set;

    private IEnumerable<WorldPrompt> Prompts(string set, int count) =>
        Enumerable.Range(0, count).Select(number => Prompt(set, number, QuestionMix.Usual));
}
