using System.Formats.Tar;
using ParquetSharp;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class SourceFileTests
{
    public static IEnumerable<TheoryDataRow<string>> Files => Directory.EnumerateFiles(Readings.Root, "*", SearchOption.AllDirectories)
        .Where(file => SourceFile.KindOf(file) is not null && !file.Contains("/benchmarks/", StringComparison.Ordinal)
            && Path.GetFileName(file) is not ("expected.jsonl" or "report.json" or "cases.json"))
        .Order(StringComparer.Ordinal).Select(file => new TheoryDataRow<string>(Path.GetRelativePath(Readings.Root, file)));

    [Theory, MemberData(nameof(Files))]
    public void ADamagedFileIsReadOrNamed(string name)
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Readings.Root, name));
        using TemporaryFolder folder = new();
        string file = folder.At(Path.GetFileName(name));
        SourceFile source = SourceFile.Of(file, "train")!;
        Random random = new(name.Length);
        foreach (double share in (double[])[0, 0.1, 0.5, 0.9, 0.99])
        {
            File.WriteAllBytes(file, whole[..(int)(whole.Length * share)]);
            ReadOrName(source);
        }
        if (source.Kind == SourceKind.Parquet) return; // pages have checksums of their own
        for (int i = 0; i < 8; i++)
        {
            byte[] damaged = [.. whole];
            if (damaged.Length > 0) damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(file, damaged);
            ReadOrName(source);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void EncryptedColumnsAreNamed(bool plainFooter)
    {
        using TemporaryFolder folder = new();
        string file = folder.At("rows.parquet");
        using (FileEncryptionPropertiesBuilder encryption = new("0123456789012345"u8.ToArray()))
        using (FileEncryptionProperties built = (plainFooter ? encryption.SetPlaintextFooter() : encryption).Build())
        using (WriterPropertiesBuilder properties = new())
        using (WriterProperties form = properties.Encryption(built).Build())
        using (ParquetFileWriter writer = new(file, [new Column<string>("question")], form))
        {
            using (RowGroupWriter group = writer.AppendRowGroup())
            using (LogicalColumnWriter<string> column = group.NextColumn().LogicalWriter<string>())
                column.WriteBatch(["Q"]);
            writer.Close();
        }
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => ParquetTable.Read(file).Count());
        Assert.Contains("encrypted", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AWebDatasetSampleEndsWhereItsKeyDoes()
    {
        using TemporaryFolder folder = new();
        string file = folder.At("train.tar");
        using (TarWriter writer = new(File.Create(file)))
        {
            Add(writer, "set.v1/a.b.0.jpg", [1]);
            Add(writer, "set.v1/a.JSON", "{\"question\": \"Q\"}"u8);
            writer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "set.v1/"));
            Add(writer, "set.v1/.hidden", [9]);
            Add(writer, "set.v1/noending", [9]);
            Add(writer, "set.v2/a.txt", "A\ud83d\ude42"u8);
            Add(writer, "set.v2/b.json", "{"u8);
        }
        SourceRow[] rows = [.. TarFile.Read(file)];
        Assert.Equal([null, null, DropReason.BadJson], rows.Select(row => row.Fault));
        Assert.Equal(["b.0.jpg", "json"], rows[0].Value!.Keys);
        Assert.Equal("A🙂", rows[1].Value!["txt"]);

        static void Add(TarWriter writer, string name, ReadOnlySpan<byte> bytes) =>
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes.ToArray()) });
    }

    [Theory]
    [InlineData("a,b\n1,\n,2\n", "1|null null|2")]
    [InlineData("\ufeffa,b\r\n\"x, \"\"y\"\"\r\nz\",w\r\n\r\n", "x, \"y\"\r\nz|w")]
    [InlineData("a,b\n1,2", "1|2")]
    [InlineData("a,b\n\"\",\"q\"\"\"\n", "null|q\"")]
    [InlineData("", "")]
    [InlineData("a,b\n", "")]
    public void ReadsCsv(string text, string expected)
    {
        using TemporaryFolder folder = new();
        string file = folder.At("rows.csv");
        File.WriteAllText(file, text);
        Assert.Equal(expected, string.Join(' ', CsvFile.Read(file).Select(row => string.Join('|', row.Value!.Values.Select(cell => cell ?? "null")))));
    }

    [Theory]
    [InlineData("a,b\n\"x,2\n")]
    [InlineData("a,b\n1,2,3\n")]
    [InlineData("a,b\n1\n")]
    public void BrokenCsvIsNamed(string text)
    {
        using TemporaryFolder folder = new();
        string file = folder.At("rows.csv");
        File.WriteAllText(file, text);
        Assert.Contains("rows.csv", Assert.Throws<InvalidInputException>(() => CsvFile.Read(file).Count()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALoneSurrogateIsFound()
    {
        Assert.All(["", "plain \u00e9 \ud83d\ude42"], text => Assert.True(SourceText.IsValid(text)));
        Assert.All(["\ud83d", "x\ude42y", "\ud83d\ud83d\ude42", "\ud83d\ude42\ude42"], text => Assert.False(SourceText.IsValid(text)));
    }

    [Fact]
    public void BytesThatAreNotUtf8AreFoundInTheText()
    {
        Assert.Equal("é", SourceText.Decode("é"u8));
        string decoded = SourceText.Decode([.. "a"u8, 0xff, .. "é"u8]);
        Assert.Equal(("a\udcffé", false), (decoded, SourceText.IsValid(decoded)));
        Assert.Equal(3, System.Text.Encoding.UTF8.GetByteCount("\udcff")); // the replacement character, which nobody wrote
    }

    private static void ReadOrName(SourceFile source)
    {
        try
        {
            foreach (SourceRow row in source.Read()) Assert.True(row.Value is null != row.Fault is null);
        }
        catch (InvalidInputException error)
        {
            Assert.Contains(Path.GetFileName(source.Path), error.Message, StringComparison.Ordinal);
        }
    }
}
