using SafeRlhfV.Data;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>Reads labelled prompts and answers: BeaverTails-V in both layouts, and JSONL of other test sets.</summary>
public static class GuardExamples
{
    /// <summary>
    /// Examples of a path: flat rows give one answer, pairs give two (severity = the size of a negative harmless rate); any other JSONL is read by
    /// <see cref="GuardJsonl"/>.
    /// </summary>
    /// <param name="path">A data set's folder, a Parquet file or a JSONL file.</param>
    /// <param name="split">The split; null for all.</param>
    /// <param name="limit">The most examples; null for all.</param>
    /// <param name="categories">The data set's own names of categories, and those of the taxonomy that they stand for.</param>
    /// <param name="note">Told how many answers have no label; those are left out.</param>
    /// <exception cref="InvalidInputException">It cannot be read, or holds no label; file, row and field are named.</exception>
    public static IReadOnlyList<GuardExample> Read(string path, string? split = null, int? limit = null, IReadOnlyDictionary<string, string>? categories = null,
        Action<string>? note = null)
    {
        IReadOnlyList<GuardExample> read = GuardJsonl.Understands(path)
            ? [.. GuardJsonl.Read(path).Take(limit ?? int.MaxValue)]
            : FromDataset(PreferenceDataset.Open(path), split, limit, categories, note);
        return read.Count > 0 ? read : throw new InvalidInputException($"{path}: there is no example in it.");
    }

    /// <summary>A row's prompt as a guard is given it: all images, then the question.</summary>
    /// <param name="row">The row.</param>
    /// <param name="reader">Who judges it, for the error.</param>
    /// <exception cref="InvalidInputException">It is a conversation of several turns, of which a guard would see only a part.</exception>
    public static ModerationRequest PromptOf(ConversationRecord row, string reader)
    {
        (IReadOnlyList<EncodedImage> images, string question) = row.AsQuestion(reader);
        return new ModerationRequest([.. images.Select(image => (ModerationImage)image)], question);
    }

    private static IReadOnlyList<GuardExample> FromDataset(PreferenceDataset data, string? split, int? limit, IReadOnlyDictionary<string, string>? categories,
        Action<string>? note)
    {
        List<GuardExample> examples = [];
        long unlabelled = 0;
        foreach (DatasetRow row in data.ReadRows(split))
        {
            ConversationRecord record = row.ToRecord(RecordParts.Answers | RecordParts.Labels | RecordParts.Rates | RecordParts.Category, categories);
            string place = $"{row.Position.File}: row {row.Position.Row}";
            ModerationRequest prompt = PromptOf(record, "a guard's evaluation");
            foreach (RecordAnswer answer in record.Answers)
            {
                if (examples.Count == limit) return Done();
                if (answer.Unsafe is not { } isUnsafe) unlabelled++;
                else examples.Add(new(prompt.WithResponse(answer.Text), isUnsafe)
                {
                    Categories = !isUnsafe ? [] : record.Labels.Category is { } category ? [category] : null,
                    Severity = !isUnsafe ? Severity.None : answer.Rates.Harmless is { } rate
                        ? (Severity)Math.Clamp(-rate, (int)Severity.Minor, (int)Severity.Severe) : null,
                    Topic = record.Labels.Category,
                    Place = place,
                });
            }
        }
        return Done();

        IReadOnlyList<GuardExample> Done()
        {
            if (unlabelled > 0 && examples.Count == 0)
                throw new InvalidInputException($"{data.Path}: no answer has a safety label "
                    + $"({(data.Layout == RowLayout.Flat ? "is_response_safe" : "is_response_1_safe, is_response_2_safe")}), so there is nothing to measure "
                        + "with.");
            if (unlabelled > 0) note?.Invoke($"{unlabelled} of {unlabelled + examples.Count} answers have no safety label and are left out.");
            return examples;
        }
    }
}
