namespace SafeRlhfV.Evaluation;

/// <summary>The control of a gradient attack: every byte moved by the same bound, up or down at random.</summary>
/// <param name="epsilon">How far each byte moves, 1..255.</param>
public sealed class RandomShift(int epsilon = 8) : IImageAttack
{
    /// <inheritdoc/>
    public string Name => "gradient's control";

    /// <inheritdoc/>
    public string Description => "as far, at random";

    /// <inheritdoc/>
    public void Check(RgbImage image) { } // any image will do

    /// <inheritdoc/>
    public Task<IReadOnlyList<RgbImage>> ApplyAsync(
        IReadOnlyList<AttackTarget> targets, IReadOnlyList<string> answers, long seed, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<RgbImage>>(
            [.. targets.Select(target => Apply(target.Image, new RandomStream(seed, $"attack/control/{target.Name}")))]);

    /// <summary>One image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="random">Chooses the signs.</param>
    public RgbImage Apply(RgbImage image, RandomStream random) =>
        new(image.Width, image.Height, [.. image.Pixels.Select(value => (byte)Math.Clamp(value + (random.Chance(0.5) ? epsilon : -epsilon), 0, 255))]);
}
