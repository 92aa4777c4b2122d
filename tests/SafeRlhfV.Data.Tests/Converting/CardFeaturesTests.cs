using ParquetSharp;
using ParquetSharp.Schema;
using SafeRlhfV.Testing;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Data.Tests;

/// <summary>Hugging Face <c>datasets</c> takes a data set's features from its card: they must be the columns that the files have.</summary>
public sealed class CardFeaturesTests
{
    public static TheoryData<ExportFormat, string> Cases()
    {
        TheoryData<ExportFormat, string> cases = [];
        foreach (ExportFormat format in Enum.GetValues<ExportFormat>().Where(format => format is not (ExportFormat.Jsonl or ExportFormat.JsonlFiles)))
            foreach (string set in (string[])["beavertails-v/paired", "conversations"])
                if (set != "conversations" || format is ExportFormat.Parquet or ExportFormat.Trl) cases.Add(format, set);
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void TheFeaturesOfTheCardAreTheColumnsOfTheFiles(ExportFormat format, string set)
    {
        using TemporaryFolder folder = new();
        PreferenceDataset source = set == "conversations" ? Conversations(folder) : Mended(folder);
        DatasetConverter.Convert(source, folder.At("out"), new ConversionOptions { Format = format });
        string[] files = Directory.GetFiles(folder.At("out"), "*.parquet", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        foreach (string file in files) Assert.Equal(Columns(file), Card(folder.At("out", "README.md"), Path.GetFileName(Path.GetDirectoryName(file)!)));
    }

    [Fact]
    public void EveryFlatLayoutOfRowsIsTrueToo()
    {
        using TemporaryFolder folder = new();
        foreach (bool traced in (bool[])[true, false])
        {
            string target = folder.At($"flat-{traced}");
            DatasetConverter.Convert(Mended(folder), target, new ConversionOptions { Layout = RowLayout.Flat, Traced = traced });
            foreach (string file in Directory.GetFiles(target, "*.parquet", SearchOption.AllDirectories))
                Assert.Equal(Columns(file), Card(Path.Combine(target, "README.md"), Path.GetFileName(Path.GetDirectoryName(file)!)));
        }
    }

    private static PreferenceDataset Mended(TemporaryFolder folder)
    {
        if (!Directory.Exists(folder.At("rows"))) DatasetMender.Write(Golden.At("beavertails-v", "paired"), folder.At("rows"));
        return PreferenceDataset.Open(folder.At("rows"));
    }

    private static PreferenceDataset Conversations(TemporaryFolder folder)
    {
        using (ConversationWriter writer = ConversationWriter.Create(folder.At("conversations")))
        {
            foreach (ConversationRecord record in Mended(folder).ReadRecords()) writer.Add(record.Source.Split, record);
            writer.Complete();
        }
        return PreferenceDataset.Open(folder.At("conversations"));
    }

    private static string[] Columns(string file)
    {
        using ParquetFileReader reader = new(file);
        return [.. reader.FileMetaData.Schema.GroupNode.Fields.Select(field => $"{field.Name}: {Type(field)}")];
    }

    private static string Type(Node node) => node switch
    {
        GroupNode { LogicalType: ListLogicalType } list => $"[{Type(((GroupNode)list.Fields[0]).Fields[0])}]",
        GroupNode group when group.Fields.Select(field => field.Name).SequenceEqual(["bytes", "path"]) => "image",
        GroupNode group => $"{{{string.Join(", ", group.Fields.Select(field => $"{field.Name}: {Type(field)}"))}}}",
        PrimitiveNode { PhysicalType: PhysicalType.Int64 } => "int64",
        PrimitiveNode { PhysicalType: PhysicalType.Boolean } => "bool",
        PrimitiveNode { PhysicalType: PhysicalType.ByteArray, LogicalType: StringLogicalType } => "string",
        _ => throw new InvalidOperationException($"{node.Name}: unexpected column."),
    };

    // as datasets reads them: dtype: TYPE, list: TYPE or list: FIELDS, struct: FIELDS
    private static string[] Card(string file, string config)
    {
        YamlStream yaml = [];
        yaml.Load(new StringReader(File.ReadAllText(file).Split("---\n")[1]));
        YamlSequenceNode infos = (YamlSequenceNode)yaml.Documents[0].RootNode["dataset_info"];
        YamlNode info = infos.Single(info => ((YamlScalarNode)info["config_name"]).Value == config);
        return [.. ((YamlSequenceNode)info["features"]).Select(Named)];
    }

    private static string Named(YamlNode field)
    {
        (YamlNode key, YamlNode value) = ((YamlMappingNode)field).Children.Single(pair => ((YamlScalarNode)pair.Key).Value != "name");
        string type = value is YamlSequenceNode fields ? $"{{{string.Join(", ", fields.Select(Named))}}}" : ((YamlScalarNode)value).Value!;
        return $"{field["name"]}: {(((YamlScalarNode)key).Value == "list" ? $"[{type}]" : type)}";
    }
}
