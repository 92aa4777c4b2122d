using SafeRlhfV.Guard;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class GuardExamplesTests : IDisposable
{
    private const string Labelled =
        """{"question":"q","category":"Cruelty","response_1":"a","response_2":"b","is_response_1_safe":"no","is_response_2_safe":"safe","response_1_harmless_rate":-2}""";
    private const string HalfLabelled = """{"question":"q","response_1":"c","response_2":"d","is_response_2_safe":"no"}""";
    private static readonly Dictionary<string, string> Own = new() { ["cruelty"] = "animal_abuse" };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void PairsNeedNoMoreThanAnswersAndLabels()
    {
        List<string> notes = [];
        IReadOnlyList<GuardExample> examples = GuardExamples.Read(Write(Labelled, HalfLabelled), categories: Own, note: notes.Add);
        Assert.Equal([("a", true), ("b", false), ("d", true)], examples.Select(one => (one.Request.Response!, one.IsUnsafe)));
        Assert.Equal([Severity.Moderate, Severity.None, null], examples.Select(one => one.Severity));
        Assert.Equal(["animal_abuse"], examples[0].Categories!);
        Assert.Empty(examples[1].Categories!);
        Assert.Null(examples[2].Categories);
        Assert.Equal(["animal_abuse", "animal_abuse", null], examples.Select(one => one.Topic));
        Assert.Equal("1 of 4 answers have no safety label and are left out.", Assert.Single(notes));
        Assert.Equal(2, GuardExamples.Read(Write(Labelled, HalfLabelled), limit: 2, categories: Own).Count);
    }

    [Theory]
    [InlineData("""{"question":"q","response_1":"a","response_2":"b"}""", "no answer has a safety label (is_response_1_safe, is_response_2_safe)")]
    [InlineData(Labelled, "'Cruelty' is not one of the 20 categories")]
    public void WhatCannotBeMeasuredIsAnError(string row, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => GuardExamples.Read(Write(row))).Message, StringComparison.Ordinal);

    private string Write(params string[] rows)
    {
        File.WriteAllLines(folder.At("pairs.jsonl"), rows);
        return folder.At("pairs.jsonl");
    }
}
