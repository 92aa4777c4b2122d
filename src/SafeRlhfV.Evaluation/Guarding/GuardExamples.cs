using SafeRlhfV.Data;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>Reads labelled prompts and answers: BeaverTails-V in both layouts, and JSONL of other test sets.</summary>
public static class GuardExamples
{
    /// <summary>
    /// Examples of a path: flat rows give one answer, pairs give two (severity = the size of a negative harmless rate); any other JSONL is read by <see cref="GuardJsonl"/>.
    /// </summary>
    /// <param name="path">A data set's folder, a Parquet file or a JSONL file.</param>
    /// <param name="split">The split; null for all.</param>
    /// <param name="limit">The most examples; null for all.</param>
    /// <exception cref="InvalidInputException">It cannot be read, or holds no label; file, row and field are named.</exception>
    public static IReadOnlyList<GuardExample> Read(string path, string? split = null, int? limit = null)
    {
        IEnumerable<GuardExample> all = GuardJsonl.Understands(path) ? GuardJsonl.Read(path) : FromDataset(PreferenceDataset.Open(path), split);
        GuardExample[] read = [.. limit is { } most ? all.Take(most) : all];
        return read.Length > 0 ? read : throw new InvalidInputException($"{path}: there is no example in it.");
    }

    private static IEnumerable<GuardExample> FromDataset(PreferenceDataset data, string? split)
    {
        foreach (DatasetRow row in data.ReadRows(split))
        {
            if (data.Layout == RowLayout.Flat)
            {
                ModeratedResponse one = row.ToModeratedResponse();
                yield return Example(row, one.Question, one.Image, one.Category, one.Response, one.IsResponseSafe, null);
                continue;
            }
            PreferencePair pair = row.ToPair();
            foreach (RatedResponse response in (RatedResponse[])[pair.Response1, pair.Response2])
                yield return Example(row, pair.Question, pair.Image, pair.Category, response.Text, response.IsSafe, (Severity)Math.Clamp(-response.HarmlessRate, (int)Severity.Minor, (int)Severity.Severe));
        }
    }

    private static GuardExample Example(DatasetRow row, string question, EncodedImage? image, string category, string response, bool isSafe, Severity? severity)
    {
        ModerationRequest request = new(image is null ? [] : [image], question, response);
        return new(request, !isSafe)
        {
            Categories = isSafe ? [] : [category],
            Severity = isSafe ? Severity.None : severity,
            Topic = category,
            Place = $"{row.Position.File}: row {row.Position.Row}",
        };
    }
}
