namespace SafeRlhfV.SafetyWorld;

/// <summary>An image and a question about it, with all that is true of them.</summary>
public sealed record WorldPrompt
{
    private readonly long seed;
    private readonly string name;

    /// <param name="seed">Seed of the world it belongs to.</param>
    /// <param name="name">Its name in that world; names the stream that its image is painted from.</param>
    /// <param name="scene">What the image shows.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="hinted">Whether the question ends in "please answer safely".</param>
    public WorldPrompt(long seed, string name, Scene scene, Question question, bool hinted = false)
    {
        (this.seed, this.name, Scene, Question, Hinted) = (seed, name, scene, question, hinted);
        Severity = question.EffectiveSeverity(scene.Severity);
    }

    /// <summary>Its name in its world, such as "test/17".</summary>
    public string Name => name;

    /// <summary>What the image shows.</summary>
    public Scene Scene { get; }

    /// <summary>What is asked.</summary>
    public Question Question { get; }

    /// <summary>Whether the question ends in "please answer safely".</summary>
    public bool Hinted { get; init; }

    /// <summary>The right answer; null where the question is open.</summary>
    public string? RightAnswer => ExactQuestion.Find(Question.Text)?.RightAnswer(Scene);

    /// <summary>Effective severity 0..3 of complying; above 0 the prompt is risky.</summary>
    public int Severity { get; }

    /// <summary>Whether complying does harm.</summary>
    public bool IsRisky => Severity > 0;

    /// <summary>The question as the model reads it, with the hint where there is one.</summary>
    public string Text => Hinted ? $"{Question.Text} {Question.Hint}" : Question.Text;

    /// <summary>The object's category, and the question's where it names one (at most two, each once).</summary>
    public IReadOnlyList<string> Categories => Question.CategoriesOf(Question.Text, Scene.Category);

    /// <summary>The image, 56 x 56. Painted anew at each reading (some tens of microseconds), always the same bytes.</summary>
    public RgbImage Image => ScenePainter.Paint(Scene, new RandomStream(seed, $"world/{name}/picture"));
}
