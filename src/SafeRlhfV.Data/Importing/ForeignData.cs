namespace SafeRlhfV.Data;

/// <summary>Data in another tool's layout, whose rows hold no question here: what they are, and how they become a data set.</summary>
public static class ForeignData
{
    private const int LookedAt = 100;
    private const string Own = "beavertails";

    /// <summary>How to go on with data that cannot be read as it is.</summary>
    /// <param name="path">A file or folder.</param>
    /// <returns>Null where its first rows have questions, or where its columns are this tool's own.</returns>
    public static string? Advice(string path)
    {
        if (HasQuestions(path)) return null;
        try
        {
            string format = DatasetImport.Open(path).Format;
            // its columns are this tool's own: what is wrong with them stands in the findings
            if (format == Own && SourceSet.Find(path, ImportFormats.Auto, null).Files.All(file => IsReadAsItIs(file.Path))) return null;
            return $"{path} holds rows of the format '{format}': 'safe-rlhf-v data import {path} --from {format} --out FOLDER' makes a data set of them, "
                + "which all verbs read";
        }
        catch (InvalidInputException error) when (error.Finding?.Code == ImportFault.NotDetected && OtherColumns(path) is { Count: > 0 } names)
        {
            return $"{path}: its columns ({string.Join(", ", names)}) are those of no known format: 'safe-rlhf-v data import {path} --from trl --columns "
                + "prompt=YOURS,chosen=YOURS,rejected=YOURS --out FOLDER' reads columns of other names (docs/data.md has the formats)";
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    /// <summary>Refuses a file of a kind that only an import reads, such as CSV.</summary>
    /// <exception cref="InvalidInputException">It is one.</exception>
    internal static void Refuse(string file)
    {
        if (!IsReadAsItIs(file))
            throw new InvalidInputException(new Finding(Fault.NotParquet, FindingSeverity.Error, file, null, [],
                $"{Path.GetExtension(file)} files are not read as they are; 'safe-rlhf-v data import {file} --out FOLDER' makes a data set of it."));
    }

    /// <summary>What to do with a folder whose files only an import reads; empty where it holds none.</summary>
    internal static string Kinds(string folder) => DatasetDiscovery.AllFiles(folder).Any(file => !IsReadAsItIs(file))
        ? $"; 'safe-rlhf-v data import {folder} --out FOLDER' makes a data set of CSV, Arrow, tar and compressed files" : "";

    /// <summary>Whether a file's kind is read without an import: Parquet and JSON.</summary>
    internal static bool IsReadAsItIs(string file) => SourceFile.KindOf(file) is not (SourceKind.Csv or SourceKind.Arrow or SourceKind.Tar)
        && CompressedFile.PlainName(file) == Path.GetFileName(file);

    private static IReadOnlyList<string> OtherColumns(string path)
    {
        try
        {
            return PreferenceDataset.Open(path).ExtraColumns;
        }
        catch (InvalidInputException)
        {
            return [];
        }
    }

    private static bool HasQuestions(string path)
    {
        try
        {
            return PreferenceDataset.Open(path).ReadRows().Take(LookedAt).Any(HasQuestion);
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }

    private static bool HasQuestion(DatasetRow row)
    {
        try
        {
            return row.ToRecord(RecordParts.None).Prompt.Any(message => message.Parts.Count > 0 && !string.IsNullOrWhiteSpace(message.Text));
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }
}
