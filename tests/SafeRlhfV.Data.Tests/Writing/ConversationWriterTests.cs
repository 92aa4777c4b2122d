using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

public sealed class ConversationWriterTests
{
    [Theory, MemberData(nameof(Readings.Formats), MemberType = typeof(Readings))]
    public void EveryReadingComesBackAsItWasWritten(string format)
    {
        using TemporaryFolder folder = new();
        List<string> written = [];
        using (ConversationWriter writer = ConversationWriter.Create(folder.At("set")))
        {
            int unwritable = 0;
            foreach (JsonObject reading in Readings.Of(format))
            {
                ConversationRecord record = Readings.Read(reading);
                record = record with
                {
                    Images =
                    [.. record.Images.Select((_, i) => new EncodedImage(Encoding.UTF8.GetBytes($"{reading["images"]![i]!["sha256"]}"), null))]
                };
                int named = record.Messages.SelectMany(message => message.Parts).Select(part => part.Image).OfType<int>().Distinct().Count();
                if (named < record.Images.Count)
                {
                    // an item's choices may be images; no message names them
                    Assert.Throws<InvalidInputException>(() => writer.Add(record.Source.Split, record));
                    unwritable++;
                    continue;
                }
                writer.Add(record.Source.Split, record);
                written.Add(Line(record));
            }
            Assert.True(format == "benchmarks" || unwritable == 0);
            writer.Complete();
        }
        foreach (string path in (string[])[folder.At("set"), Copy(ExportFormat.Jsonl), Copy(ExportFormat.JsonlFiles), Copy(ExportFormat.Parquet)])
            Assert.Equal(written.Order(), PreferenceDataset.Open(path).ReadRecords().Select(Line).Order());

        string Copy(ExportFormat to)
        {
            DatasetConverter.Convert(PreferenceDataset.Open(folder.At("set")), folder.At($"{to}"), new ConversionOptions { Format = to });
            return folder.At($"{to}");
        }
    }

    // images in the order in which messages name them, and their bytes as words
    private static string Line(ConversationRecord record)
    {
        int[] order = [.. record.Messages.SelectMany(message => message.Parts).Select(part => part.Image).OfType<int>()];
        int next = 0;
        JsonObject reading = Readings.Write(record with
        {
            Images = [],
            Messages = [.. record.Messages.Select(message =>
                message with { Parts = [.. message.Parts.Select(part => part.Image is null ? part : MessagePart.OfImage(next++))] })],
        });
        reading["images"] = new JsonArray([.. order.Select(image => (JsonNode)Encoding.UTF8.GetString(record.Images[image].Bytes!))]);
        reading.Remove("row");
        return Readings.Canonical(reading);
    }
}
