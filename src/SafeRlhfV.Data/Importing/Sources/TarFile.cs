using System.Formats.Tar;

namespace SafeRlhfV.Data;

/// <summary>
/// The samples of a WebDataset archive: files whose names agree up to the first dot after the last slash make one record, whose names are what follows the
/// dot. JSON members are parsed, texts decoded, all else is bytes.
/// </summary>
internal static class TarFile
{
    private const long LargestMember = 1L << 30;

    /// <summary>The samples in order.</summary>
    /// <exception cref="InvalidInputException">The archive cannot be read.</exception>
    public static IEnumerable<SourceRow> Read(string file)
    {
        using Stream stream = CompressedFile.Open(file);
        using TarReader reader = new(stream);
        string? key = null;
        string? fault = null;
        SourceMap sample = new();
        long row = 0;
        while (Next(file, reader) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)) continue;
            string name = entry.Name.Replace('\\', '/');
            int dot = name.IndexOf('.', name.LastIndexOf('/') + 1);
            if (dot < 0 || name[(name.LastIndexOf('/') + 1)..].StartsWith('.')) continue;
            if (key is not null && key != name[..dot])
            {
                yield return new SourceRow(row++, fault is null ? sample : null, fault);
                (sample, fault) = (new SourceMap(), null);
            }
            key = name[..dot];
            string member = name[(dot + 1)..].ToLowerInvariant();
            byte[] bytes = Bytes(file, entry);
            if (member == "json" || member.EndsWith(".json", StringComparison.Ordinal))
            {
                if (LenientJson.TryParse(bytes, out object? value)) sample[member] = value;
                else fault = DropReason.BadJson;
            }
            else sample[member] = IsText(member) ? SourceText.Decode(bytes) : bytes;
        }
        if (key is not null) yield return new SourceRow(row, fault is null ? sample : null, fault);
    }

    private static bool IsText(string member) => member[(member.LastIndexOf('.') + 1)..] is "txt" or "text" or "caption" or "cls" or "transcript";

    private static TarEntry? Next(string file, TarReader reader)
    {
        try
        {
            return reader.GetNextEntry();
        }
        catch (Exception error) when (CompressedFile.IsDamage(error))
        {
            throw CompressedFile.Damaged(file, error);
        }
    }

    private static byte[] Bytes(string file, TarEntry entry)
    {
        if (entry.Length > LargestMember)
            throw new InvalidInputException($"{file}: {Finding.Quote(entry.Name)} has {entry.Length} bytes, more than a member may have.");
        try
        {
            byte[] bytes = new byte[entry.Length];
            entry.DataStream?.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (CompressedFile.IsDamage(error))
        {
            throw CompressedFile.Damaged(file, error);
        }
    }
}
