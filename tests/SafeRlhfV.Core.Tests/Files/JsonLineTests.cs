using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Core.Tests;

public sealed class JsonLineTests
{
    [Theory]
    [InlineData("""{"a":1,"a":2}""", "has 'a' more than once; keep one")]
    [InlineData("""{"a":1,"\u0061":2}""", "has 'a' more than once; keep one")]
    [InlineData("""{"b":[{"it's":1,"it's":2}]}""", "has 'it's' more than once; keep one")]
    [InlineData("""{"a":1""", "is not JSON (")]
    [InlineData("""{"a":tru}""", "is not JSON (")]
    public void TheFaultOfALineIsNamed(string line, string fault)
    {
        JsonException error = Assert.ThrowsAny<JsonException>(() => JsonLine.Parse(line));
        Assert.StartsWith(fault, JsonLine.Fault(error), StringComparison.Ordinal);
        Assert.Equal(fault.StartsWith("has", StringComparison.Ordinal), JsonLine.RepeatedName(error) is not null);
        Assert.ThrowsAny<JsonException>(() => JsonNode.Parse(line, null, JsonLine.Options));
    }

    [Fact]
    public void AnObjectOfATypeIsReadWithItsPlace()
    {
        JsonSerializerOptions options = new() { AllowDuplicateProperties = false, PropertyNameCaseInsensitive = true };
        Assert.Equal(new Pair(1, 2), JsonLine.Read<Pair>("""{"a":1,"B":2}""", options, "f: line 3", "is no pair"));
        string Message(string line) => Assert.Throws<InvalidInputException>(() => JsonLine.Read<Pair>(line, options, "f: line 3", "is no pair")).Message;
        Assert.Equal("f: line 3 is no pair.", Message("[1]"));
        Assert.Equal("f: line 3 is no pair.", Message("null"));
        Assert.Contains("line 3 has 'A' more than once", Message("""{"a":1,"A":2}"""), StringComparison.OrdinalIgnoreCase);
    }

    private sealed record Pair(int A, int B);
}
