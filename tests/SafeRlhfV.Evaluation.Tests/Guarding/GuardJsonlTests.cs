using SafeRlhfV.Guard;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class GuardJsonlTests
{
    [Theory]
    [InlineData("""{"prompt":"p","response":"r","prompt_harm_label":"harmful","response_harm_label":"unharmful"}""", false, GuardSide.Answer)]
    [InlineData("""{"prompt":"p","response":null,"prompt_harm_label":"harmful","response_harm_label":null}""", true, GuardSide.Prompt)]
    [InlineData("""{"user_input":"p","toxicity":1}""", true, GuardSide.Prompt)]
    [InlineData("""{"question":"q","answer":"a","is_safe":false,"category":{"animal_abuse":true,"false_information":false}}""", true, GuardSide.Answer)]
    [InlineData("""{"text":"p","label":"Benign"}""", false, GuardSide.Prompt)]
    [InlineData("""{"input":"p","output":"o","unsafe":"yes","severity":"severe","categories":["animal_abuse"]}""", true, GuardSide.Answer)]
    public void RowsOfSeveralTestSetsAreRead(string row, bool isUnsafe, GuardSide side)
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.At("set.jsonl"), row + "\n");
        GuardExample example = Assert.Single(GuardExamples.Read(temporary.At("set.jsonl")));
        Assert.Equal((isUnsafe, side), (example.IsUnsafe, example.Request.Side));
        if (row.Contains("animal_abuse")) Assert.Equal(["animal_abuse"], example.Categories);
        if (row.Contains("severe")) Assert.Equal(Severity.Severe, example.Severity);
    }

    [Fact]
    public void WhatAModelThoughtIsJudgedWithItsAnswerAndApartFromIt()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.At("set.jsonl"), """{"prompt":"p","response":"An answer.","reasoning":"A thought.","unsafe":true}""" + "\n");
        string judged = Assert.Single(GuardExamples.Read(temporary.At("set.jsonl"))).Request.Response!;
        Assert.Equal(ReasonedAnswer.Text("A thought.", "An answer."), judged);
        Assert.Contains("\nA thought.\n", judged, StringComparison.Ordinal);
        Assert.EndsWith("\nAn answer.", judged, StringComparison.Ordinal);
    }

    [Fact]
    public void ImagesAreReadBesideTheFileAndFromDataUris()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllBytes(temporary.At("one.png"), [1, 2, 3]);
        File.WriteAllText(temporary.At("set.jsonl"), """
            {"prompt":"p","image":"one.png","unsafe":true}

            {"prompt":"p","image":"data:image/png;base64,BAUG","unsafe":false}
            """);
        IReadOnlyList<GuardExample> examples = GuardExamples.Read(temporary.At("set.jsonl"));
        Assert.Equal([1, 2, 3], examples[0].Request.Images[0].Encoded!.Bytes!);
        Assert.Equal([4, 5, 6], examples[1].Request.Images[0].Encoded!.Bytes!);
        Assert.EndsWith("line 3", examples[1].Place);
    }

    [Theory]
    [InlineData("""{"prompt":"p"}""", "line 1 has no label")]
    [InlineData("""{"unsafe":true}""", "line 1 has no text")]
    [InlineData("""{"prompt":"p","unsafe":true,"severity":7}""", "line 1 has a severity that is not one of")]
    [InlineData("""{"prompt":"p","unsafe":true,"severity":"none"}""", "labelled unsafe with the severity none")]
    [InlineData("""{"prompt":"p","unsafe":true,"image":"missing.png"}""", "names an image that cannot be read")]
    [InlineData("[1]", "line 1 is no JSON object")]
    [InlineData("{\"prompt\":", "line 1 is not JSON")]
    [InlineData("""{"prompt":"p","unsafe":true,"unsafe":false}""", "line 1 has 'unsafe' more than once; keep one")]
    public void FaultsNameLineAndField(string row, string message)
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.At("set.jsonl"), row + "\n");
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => GuardJsonl.Read(temporary.At("set.jsonl")).ToList()).Message);
    }

    [Fact]
    public void BeaverTailsRowsOfBothLayoutsAreReadWithTheirSeverities()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.At("flat.jsonl"),
            """{"question":"q","image":null,"category":"animal_abuse","image_severity":1,"response":"r","is_response_safe":"no"}""" + "\n");
        GuardExample flat = Assert.Single(GuardExamples.Read(temporary.At("flat.jsonl")));
        Assert.True(flat.IsUnsafe && flat.Severity is null && flat.Topic == "animal_abuse");
        File.WriteAllText(temporary.At("pairs.jsonl"), """
            {"question":"q","image":null,"category":"animal_abuse","image_severity":1,"response_1":"a","response_2":"b","response_1_from":"x","response_2_from":"y","more_helpful_response_id":"1","is_response_1_safe":"no","is_response_2_safe":"yes","safer_response_id":"2","response_1_harmless_rate":-2,"response_2_harmless_rate":1,"response_1_helpful_rate":1,"response_2_helpful_rate":2}
            """);
        IReadOnlyList<GuardExample> pair = GuardExamples.Read(temporary.At("pairs.jsonl"));
        Assert.Equal([Severity.Moderate, Severity.None], pair.Select(example => example.Severity!.Value));
        Assert.Equal(["animal_abuse"], pair[0].Categories);
        Assert.Empty(pair[1].Categories!);
    }
}
