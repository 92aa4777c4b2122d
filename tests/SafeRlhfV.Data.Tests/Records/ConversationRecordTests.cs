using System.Text.Json.Nodes;

namespace SafeRlhfV.Data.Tests;

public sealed class ConversationRecordTests
{
    [Theory, MemberData(nameof(Readings.Formats), MemberType = typeof(Readings))]
    public void ARecordHoldsEveryReading(string format)
    {
        foreach (JsonObject reading in Readings.Of(format))
        {
            JsonObject held = Readings.Write(Readings.Read(reading));
            // the bytes of images and texts of a megabyte are not in the readings
            foreach (JsonObject one in (JsonObject[])[reading, held])
            {
                one.Remove("case");
                one.Remove("file");
                one["images"] = one["images"]!.AsArray().Count;
            }
            foreach (JsonNode? part in reading["messages"]!.AsArray().SelectMany(message => message!["content"]!.AsArray())
                .Where(part => part!["text_sha256"] is not null))
            {
                part!["text"] = (string)part["text_sha256"]!;
                part.AsObject().Remove("text_sha256");
                part.AsObject().Remove("text_bytes");
            }
            Assert.Equal(Readings.Canonical(reading), Readings.Canonical(held));
        }
    }
}
