using ParquetSharp;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>Small files as other tools write them, after public reports of readers that failed on them.</summary>
public sealed class ForeignFileTests
{
    private static string At(params string[] path) => Path.Combine([Golden.RepositoryRoot(), "tests", "SafeRlhfV.Data.Tests", "Reading", "Inputs", .. path]);

    [Theory]
    [InlineData(4, "parquet-dotted-column-hijacks-picture", "rows.parquet")]
    [InlineData(4, "parquet-empty-part-is-an-error", "spark")]
    [InlineData(4, "parquet-path-null-type", "rows.parquet")]
    [InlineData(4, "integers-as-floats", "rows.parquet")]
    [InlineData(3, "integers-as-floats", "rows.jsonl")]
    [InlineData(3, "json-array-file", "compact.json")]
    [InlineData(3, "json-array-file", "pretty.json")]
    public void AreRead(int rows, params string[] path)
    {
        ValidationReport report = DatasetValidator.Check(At(path));
        Assert.Equal(rows, report.Rows);
        Assert.DoesNotContain(report.Findings, finding => finding.Code != Fault.DuplicateRows);
        DatasetRow[] read = [.. PreferenceDataset.Open(At(path)).ReadRows()];
        Assert.All(read, row => Assert.NotNull(ImageHeader.Read(row.Image!.Bytes!)));
        Assert.All(read, row => Assert.NotNull(row.Integer("image_severity")));
    }

    [Fact]
    public void AnObjectAroundTheRowsIsNoRow()
    {
        Finding[] found = [.. DatasetValidator.Check(At("json-array-file", "data-field.json")).Findings];
        Assert.All(found, finding => Assert.Equal(Fault.MissingColumn, finding.Code));
        const string What = "the file is one object, and its key 'data' holds a list of objects: write that list to a file of its own";
        Assert.Contains(What, Assert.Single(found).What);
        Assert.Contains(What, Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(At("json-array-file", "data-field.json"))).Message);
    }

    [Theory]
    [InlineData("{\n  \"question\": \"Q?\"\n}\n", "line 1 begins an object that goes on over several lines; write each object on one line")]
    [InlineData("""{"question":"Q?","question":"R?","response":"A.","is_response_safe":"yes"}""", "line 1 has 'question' more than once; keep one")]
    [InlineData("""{"messages":[{"role":"user","content":"Q?","content":"R?"}]}""", "line 1 has 'content' more than once; keep one")]
    public void WhatIsWrongWithALineIsSaid(string text, string what)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("rows.jsonl"), text);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(folder.At("rows.jsonl")).ReadRows().Count());
        Assert.Contains(what, error.Message);
        Assert.Equal((Fault.BadJson, 0L), (error.Finding!.Code, error.Finding.Row!.Value));
    }

    /// <summary>Beside sound rows a repeated name is the fault of one row.</summary>
    [Fact]
    public void ARepeatedNameIsTheFaultOfItsRow()
    {
        const string Row = """{"question":"Q?","response":"A.","is_response_safe":"yes","image_severity":1}""";
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"), [Row, Row.Replace("A.", "B.").Replace("}", ",\"is_response_safe\":\"no\"}"), Row.Replace("A.", "C.")]);
        Finding finding = Assert.Single(DatasetValidator.Check(folder.At("rows.jsonl")).Findings, finding => finding.Severity == FindingSeverity.Error);
        Assert.Equal((Fault.BadJson, 1L), (finding.Code, finding.Row));
        Assert.Contains("line 2 has 'is_response_saf...' more than once", finding.What);
    }

    [Fact]
    public void FoldersOfPartitionsHoldColumns()
    {
        using TemporaryFolder folder = new();
        foreach (string category in (string[])["animal_abuse", "false_information"])
        {
            Directory.CreateDirectory(folder.At($"category={category}"));
            File.WriteAllText(folder.At($"category={category}", "part-00000.jsonl"),
                $$"""{"question":"Q {{category}}?","response":"A.","is_response_safe":"yes","image_severity":1}""");
        }
        Assert.Equal(["animal_abuse", "false_information"], PreferenceDataset.Open(folder.Path).ReadRows().Select(row => row.Text("category")).Order());
        Assert.Equal(0, DatasetValidator.Check(folder.Path).Errors);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void EncryptedColumnsAreNamed(bool plainFooter)
    {
        using TemporaryFolder folder = new();
        string file = folder.At("rows.parquet");
        using (WriterPropertiesBuilder properties = new())
        using (FileEncryptionPropertiesBuilder encryption = new("0123456789012345"u8.ToArray()))
        using (FileEncryptionProperties built = (plainFooter ? encryption.SetPlaintextFooter() : encryption).Build())
        using (WriterProperties form = properties.Encryption(built).Build())
        using (ParquetFileWriter writer = new(file, [new Column<string>("question"), new Column<string>("response"), new Column<string>("is_response_safe")],
            form))
        {
            using RowGroupWriter group = writer.AppendRowGroup();
            foreach (string text in (string[])["Q?", "A.", "yes"])
            {
                using LogicalColumnWriter<string> column = group.NextColumn().LogicalWriter<string>();
                column.WriteBatch([text]);
            }
            writer.Close();
        }
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => PreferenceDataset.Open(file).ReadRows().Count());
        Assert.Contains("encrypted", error.Message, StringComparison.Ordinal);
        Assert.Contains(DatasetValidator.Check(file).Findings, finding => finding.What.Contains("encrypted", StringComparison.Ordinal));
    }
}
