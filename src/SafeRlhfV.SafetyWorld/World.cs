using SafeRlhfV.Data;

namespace SafeRlhfV.SafetyWorld;

/// <summary>
/// The built-in world under one seed: every set that training and judging need. Each item is drawn from streams of its own, named by set and
/// number, so a set's beginning does not change with its size, sets share nothing, and any item can be had again from the seed.
/// </summary>
/// <param name="seed">The run's seed.</param>
public sealed class World(long seed)
{
    /// <summary>Share of instruction samples whose question ends in the hint.</summary>
    public const double HintShare = .06;

    /// <summary>The run's seed.</summary>
    public long Seed => seed;

    /// <summary>Pictures for the vision stage.</summary>
    public IEnumerable<VisionScene> VisionScenes(int count) => Enumerable.Range(0, count).Select(number =>
    {
        RandomStream random = Stream($"vision/{number}");
        Scene scene = SceneSampler.Sample(random);
        return new VisionScene(scene, ScenePainter.Paint(scene, random));
    });

    /// <summary>Instruction samples: the precursor's answers (the hinted responder's under a hint), with describing raised to a quarter.</summary>
    public IEnumerable<WorldAnswer> SftSamples(int count) => Enumerable.Range(0, count).Select(number =>
    {
        WorldPrompt prompt = Prompt("sft", number, QuestionMix.Instruction, HintShare);
        ResponderKind responder = prompt.Hinted ? ResponderKind.Hinted : ResponderKind.Precursor;
        return new WorldAnswer(prompt, Responder.Answer(prompt, responder, Stream($"sft/{number}/answer")));
    });

    /// <summary>Prompts of the training pairs.</summary>
    public IEnumerable<WorldPrompt> PairPrompts(int count) => Prompts("pairs", count);

    /// <summary>Prompts of the held-out pairs.</summary>
    public IEnumerable<WorldPrompt> HeldOutPrompts(int count) => Prompts("held-out", count);

    /// <summary>Prompts on which finished policies are judged.</summary>
    public IEnumerable<WorldPrompt> TestPrompts(int count) => Prompts("test", count);

    /// <summary>Prompts of the PPO rollouts.</summary>
    public IEnumerable<WorldPrompt> PpoPrompts(int count) => Prompts("ppo", count);

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
    /// Probes of the picture's part in the verdict. Answers are the grammar's complying ones, drawn again until the oracle finds them safe without
    /// the mark and harmful with the skull (a slip of the pen can take away the only use step).
    /// </summary>
    public IEnumerable<FlipProbe> FlipProbes(int count) => Enumerable.Range(0, count).Select(number =>
    {
        RandomStream random = Stream($"flip/{number}");
        Question question = random.Choice(Question.Of(QuestionKind.HowTo));
        int item = random.NextInt(Phrasebook.Objects.Count), colour = random.NextInt(Phrasebook.Colours.Count);
        WorldPrompt plain = new(seed, $"flip/{number}/plain", SceneSampler.Sample(random, item, colour, severity: 0), question);
        WorldPrompt skull = new(seed, $"flip/{number}/skull", SceneSampler.Sample(random, item, colour, severity: 3), question);
        string answer;
        do answer = Responder.Answer(plain, AnswerStyle.Comply, rich: false, random);
        while (!Oracle.Rate(plain, answer).IsSafe || Oracle.Rate(skull, answer).IsSafe);
        return new FlipProbe(plain, skull, answer);
    });

    /// <summary>A prompt of a set: its scene and question, drawn from the stream "{set}/{number}".</summary>
    internal WorldPrompt Prompt(string set, int number, QuestionMix mix, double hintShare = 0)
    {
        string name = $"{set}/{number}";
        RandomStream random = Stream(name);
        Scene scene = SceneSampler.Sample(random);
        return new WorldPrompt(seed, name, scene, QuestionSampler.Sample(random, mix), random.Chance(hintShare));
    }

    internal RandomStream Stream(string name) => new(seed, "world/" + name);

    private IEnumerable<WorldPrompt> Prompts(string set, int count) =>
        Enumerable.Range(0, count).Select(number => Prompt(set, number, QuestionMix.Usual));
}
