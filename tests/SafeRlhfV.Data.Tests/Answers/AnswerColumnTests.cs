using SafeRlhfV.Testing;

namespace SafeRlhfV.Data.Tests;

/// <summary>The right answer of a row: a column of texts or numbers, and what import found elsewhere.</summary>
public sealed class AnswerColumnTests
{
    [Fact]
    public void ItIsReadFromJsonLinesAndFromParquet()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"),
        [
            """{"question": "a ?", "answer": "red"}""", """{"question": "b ?", "answer": 4}""", """{"question": "c ?", "answer": true}""",
            """{"question": "d ?", "answer": null}""", """{"question": "e ?"}""",
        ]);
        string?[] expected = ["red", "4", "true", null, null];
        PreferenceDataset lines = PreferenceDataset.Open(folder.At("rows.jsonl"));
        Assert.Empty(lines.ExtraColumns);
        Assert.Equal(expected, lines.ReadRecords(RecordParts.RightAnswer).Select(record => record.Answer));
        Assert.All(lines.ReadRecords(RecordParts.None), record => Assert.Null(record.Answer));

        using (ConversationWriter writer = ConversationWriter.Create(folder.At("set")))
        {
            foreach (ConversationRecord record in lines.ReadRecords(RecordParts.RightAnswer)) writer.Add("train", record);
            writer.Complete();
        }
        Assert.Equal(expected, PreferenceDataset.Open(folder.At("set")).ReadRecords(RecordParts.RightAnswer).Select(record => record.Answer));
    }

    [Fact]
    public void WhatIsNoTextAndNoNumberIsAFaultWhereItIsAskedFor()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"), ["""{"question": "a ?", "answer": ["red"]}"""]);
        PreferenceDataset lines = PreferenceDataset.Open(folder.At("rows.jsonl"));
        Assert.Single(lines.ReadRecords(RecordParts.None));
        Assert.Contains("row 0", Assert.Throws<InvalidInputException>(() => lines.ReadRecords(RecordParts.RightAnswer).ToArray()).Message);
    }

    [Fact]
    public void AnAnswerThatComesLateIsAFault()
    {
        using TemporaryFolder folder = new();
        File.WriteAllLines(folder.At("rows.jsonl"), [.. Enumerable.Repeat("""{"question": "a ?"}""", 200), """{"question": "a ?", "answer": "red"}"""]);
        Assert.Contains("has the key 'answer', which none of the first", Assert.Throws<InvalidInputException>(
            () => PreferenceDataset.Open(folder.At("rows.jsonl")).ReadRecords(RecordParts.RightAnswer).ToArray()).Message);
    }
}
