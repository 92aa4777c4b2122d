using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Training;

/// <summary>
/// The content of an input file, or of all images of an input. Size and time tell quickly that nothing has changed; where they differ, the SHA-256 of the whole
/// content decides, so that a copy or a new time stamp does no harm.
/// </summary>
/// <param name="Name">The recipe's key.</param>
/// <param name="Path">The file; of images, the folder of the first.</param>
/// <param name="Stamp">Sizes and times.</param>
/// <param name="Sha256">Digest of the content.</param>
internal sealed record InputPrint(string Name, string Path, string Stamp, string Sha256)
{
    private const string OfImages = "images of ";

    /// <summary>Reads all inputs. Files that an earlier print shows to be unchanged are not read again.</summary>
    public static IReadOnlyList<InputPrint> Take(IReadOnlyList<RunInput> inputs, IReadOnlyList<InputPrint>? earlier = null)
    {
        (string Name, string Path, string[] Files)[] wanted =
        [
            .. inputs.SelectMany(input => input.Files.Select(file => (input.Name, file, (string[])[file]))),
            .. inputs.Where(input => input.Images.Count > 0)
                .Select(input => ($"{OfImages}{input.Name}", System.IO.Path.GetDirectoryName(input.Images[0])!, input.Images.ToArray())),
        ];
        ConcurrentDictionary<string, string> digests = [];
        string[] stamps = [.. wanted.Select(one => StampOf(one.Files))];
        InputPrint?[] known = [.. wanted.Select((one, at) =>
            earlier?.FirstOrDefault(print => print.Name == one.Name && print.Path == one.Path && print.Stamp == stamps[at]))];
        // a folder that two roles share is read once
        Parallel.ForEach(wanted.Where((_, at) => known[at] is null).SelectMany(one => one.Files).Distinct(), file => digests[file] = DurableFiles.Sha256(file));
        return [.. wanted.Select((one, at) =>
            known[at] ?? new InputPrint(one.Name, one.Path, stamps[at],
                one.Files.Length == 1 ? digests[one.Files[0]] : Sha(string.Concat(one.Files.Select(file => digests[file])))))];
    }

    /// <summary>What is not as it was, in words; null if all is. Files may lie elsewhere now, under their names and with their content.</summary>
    public static string? Difference(IReadOnlyList<InputPrint> before, IReadOnlyList<InputPrint> now)
    {
        List<InputPrint> others = [.. now], gone = [];
        foreach (InputPrint old in before)
            if (others.Find(print => print.Name == old.Name && print.Path == old.Path) is not { } same) gone.Add(old);
            else if (same.Sha256 != old.Sha256) return $"{old.Path} ({old.Name}) has changed";
            else others.Remove(same);
        foreach (InputPrint old in gone)
            if (!others.Remove(others.Find(print => print.IsMoved(old) && print.Sha256 == old.Sha256)!))
                return others.Find(print => print.IsMoved(old)) is { } other ? $"{other.Path} ({old.Name}, then at {old.Path}) has changed"
                    : $"{old.Path} ({old.Name}) is missing";
        return others is [var added, ..] ? $"{added.Path} ({added.Name}) is new" : null;
    }

    // of many images, whose path is a folder's, there is one print an input
    private bool IsMoved(InputPrint old) => Name == old.Name
        && (Name.StartsWith(OfImages, StringComparison.Ordinal) || System.IO.Path.GetFileName(Path) == System.IO.Path.GetFileName(old.Path));

    private static string StampOf(string[] files)
    {
        string[] each = [.. files.Select(file => new FileInfo(file))
            .Select(info => string.Create(CultureInfo.InvariantCulture, $"{info.Length} bytes of {info.LastWriteTimeUtc:yyyy-MM-ddTHH:mm:ss.fffffff}"))];
        return each.Length == 1 ? each[0] : Sha(string.Concat(files.Zip(each, (file, stamp) => $"{file} {stamp}\n")));
    }

    private static string Sha(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
