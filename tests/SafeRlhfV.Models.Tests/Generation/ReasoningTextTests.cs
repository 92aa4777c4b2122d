using SafeRlhfV.Processing;

namespace SafeRlhfV.Models.Tests;

public sealed class ReasoningTextTests
{
    private static readonly ChatReasoning Opened = new("<think>", "</think>", true), Closed = Opened with { IsOpened = false };

    public static TheoryData<string, bool, string, string> Texts => new()
    {
        { "a cat?\n</think>\n\nA cup.", true, "a cat?", "A cup." },
        { "<think>\na cat?\n</think>\nA cup.", true, "a cat?", "A cup." },
        { "\n</think>\n\nA cup.", true, "", "A cup." },
        { "it was cut off </thi", true, "it was cut off </thi", "" },
        { "", true, "", "" },
        { "<think>a < b, </b>, and </think> then < c </think>", false, "a < b, </b>, and", "then < c </think>" },
        { "A cup. <think>no</think>", false, "", "A cup. <think>no</think>" },
        { "<thin air", false, "", "<thin air" },
        { " \n<think>\n x  y \n</think> a  b", false, "x  y", "a  b" },
    };

    [Theory, MemberData(nameof(Texts))]
    public void ReasoningAndAnswerAreToldApartHoweverTheTextComes(string text, bool isOpened, string reasoning, string answer)
    {
        ChatReasoning tags = isOpened ? Opened : Closed;
        Assert.Equal((reasoning, answer), ReasoningText.Split(text, tags));
        for (int size = 1; size <= Math.Max(text.Length, 1); size++)
        {
            ReasoningText parts = new(tags);
            List<(string Text, bool IsReasoning)> shown = [];
            for (int at = 0; at < text.Length; at += size) shown.AddRange(parts.Push(text[at..Math.Min(at + size, text.Length)], last: false));
            shown.AddRange(parts.Push("", last: true));
            Assert.Equal(reasoning, string.Concat(shown.Where(part => part.IsReasoning).Select(part => part.Text)));
            Assert.Equal(answer, string.Concat(shown.Where(part => !part.IsReasoning).Select(part => part.Text)));
        }
    }

    [Fact]
    public void AFormatWithoutReasoningLeavesTheTextAlone() => Assert.Equal((null, "<think>a</think> b"),
        ReasoningText.Split("<think>a</think> b", null));
}
