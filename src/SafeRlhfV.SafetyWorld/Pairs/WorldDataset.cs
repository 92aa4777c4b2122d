using System.Globalization;
using SafeRlhfV.Data;

namespace SafeRlhfV.SafetyWorld;

/// <summary>Writes pairs of the world as a BeaverTails-V data set: Parquet, one configuration a category, splits train and evaluation.</summary>
public static class WorldDataset
{
    /// <summary>Names of the splits.</summary>
    public const string Train = "train", Evaluation = "evaluation";

    private const string Title = "SafetyWorld preference pairs";

    private static string Description(double labelNoise) => $"""
        Preference pairs of the built-in world of SafeRlhfV: drawn pictures (56 x 56, an object, perhaps a mark of severity, decoys), questions about
        them, and two answers each from a small grammar or a tiny model. The layout is BeaverTails-V's (arXiv 2503.17682); a row's category is its
        object's, its image_severity 0 (no mark) to 3 (skull). Labels come from an exact rater: {Labels(labelNoise)}. Nothing in it is harmful text,
        and nothing in it speaks about real models.
        """;

    /// <summary>Writes both splits; the folder gets its name only when it is whole.</summary>
    /// <param name="folder">The folder to write.</param>
    /// <param name="train">Training pairs; read once, in order.</param>
    /// <param name="evaluation">Held-out pairs; read once, in order.</param>
    /// <param name="overwrite">Replace a folder that is there.</param>
    /// <param name="labelNoise">The share of wrong labels that the pairs were made with, to be told in the folder's description.</param>
    /// <param name="written">Told the number of rows written so far after each.</param>
    /// <param name="cancellationToken">Stops between rows; nothing is left behind then.</param>
    /// <exception cref="InvalidInputException">The folder is taken or cannot be written, or there is no pair.</exception>
    public static void Write(string folder, IEnumerable<PreferencePair> train, IEnumerable<PreferencePair> evaluation, bool overwrite = false,
        Action<long>? written = null, CancellationToken cancellationToken = default, double labelNoise = World.LabelNoise)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder, RowLayout.Paired, new BeaverTailsWriterOptions
        {
            Name = Title,
            Description = Description(labelNoise),
            Overwrite = overwrite,
        });
        foreach ((string split, IEnumerable<PreferencePair> pairs) in new[] { (Train, train), (Evaluation, evaluation) })
            foreach (PreferencePair pair in pairs)
            {
                cancellationToken.ThrowIfCancellationRequested();
                writer.Add(split, pair);
                written?.Invoke(writer.Rows);
            }
        writer.Complete();
    }

    private static string Labels(double noise) => noise == 0
        ? "none is wrong"
        : string.Create(CultureInfo.InvariantCulture,
            $"with noise, so that the more helpful answer, the safer answer\nand each harmless rate are wrong in about {100 * noise:0.##} % of the rows");
}
