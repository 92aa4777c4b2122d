namespace SafeRlhfV.Data.Tests;

public sealed class FinalAnswerTests
{
    [Theory]
    [InlineData("<answer>red</answer>", "red")]
    [InlineData("first <answer>blue</answer>, no: <answer> red </answer> .", "red")]
    [InlineData("<ANSWER>red</ANSWER>", "red")]
    [InlineData(@"so \boxed{12}", "12")]
    [InlineData(@"\boxed{1} and then \boxed{\frac{3}{4}}", @"\frac{3}{4}")]
    [InlineData(@"\boxed{a \} b}", @"a \} b")]
    [InlineData(@"\boxed{\text{red}}", "red")]
    [InlineData(@"\boxed{\text{3 cm}^2}", @"\text{3 cm}^2")]
    [InlineData(@"<answer>$\boxed{7}$</answer>", "7")]
    [InlineData("I count.\nThe answer is 7", "7")]
    [InlineData("So the final answer is: **red**.", "**red**.")]
    [InlineData("Answer: red", "red")]
    [InlineData("It has two wheels.\nred", "red")]
    [InlineData("<think>it is blue \\boxed{2}</think>\nred", "red")]
    [InlineData("<think>one</think> red <think>two</think>", "red")]
    [InlineData("a stray </think> red", "a stray </think> red")]
    public void TheAnswerIsFound(string response, string answer) => Assert.Equal(answer, FinalAnswer.Read(response)!.Text);

    [Theory]
    [InlineData("")]
    [InlineData("  \n ")]
    [InlineData("<think>it is red")]
    [InlineData("red <think>or blue")]
    [InlineData("<think>it is red</think>")]
    [InlineData("the answer is red <answer>")]
    [InlineData("<answer>blue</answer> <answer>re")]
    [InlineData("<answer></answer>")]
    [InlineData(@"\boxed{12")]
    [InlineData(@"\boxed{1} \boxed{\frac{3}{4}")]
    [InlineData(@"\boxed{}")]
    public void WhatWasCutOffIsNotRead(string response) => Assert.Null(FinalAnswer.Read(response));

    [Theory]
    [InlineData("it is blue</think> red", "red")]
    [InlineData("it is blue", null)]
    [InlineData("blue</think> red <think>x</think>!", "red !")]
    public void ThePromptMayHaveOpenedTheThoughts(string response, string? answer) =>
        Assert.Equal(answer, FinalAnswer.Read(response, opened: true)?.Text);

    [Theory]
    [InlineData("Look: <think>\n", true)]
    [InlineData("ASSISTANT: <think></think>", false)]
    [InlineData("ASSISTANT:", false)]
    public void APromptMayEndInsideOfThoughts(string prompt, bool open) => Assert.Equal(open, Thoughts.AreOpenAfter(prompt));

    [Theory]
    [InlineData("Red.", "red")]
    [InlineData(" **\"Top  left\"** !", "top left")]
    [InlineData("\u201Cred\u201D", "red")]
    [InlineData("...", null)]
    [InlineData("\uFF39\uFF25\uFF33\uFF01", "yes")] // full-width letters and mark
    [InlineData("\u662F\u3002", "\u662F")]
    [InlineData("\u300C\u662F\u300D\uFF0C", "\u662F")]
    [InlineData("\u00ABoui\u00BB", "oui")]
    [InlineData("\u3002", null)]
    [InlineData("Cafe\u0301", "caf\u00E9")]
    [InlineData("Caf\u00E9", "caf\u00E9")]
    public void WordsAreComparedWithoutWhatSurroundsThem(string answer, string? words) => Assert.Equal(words, ExactReading.Read(answer));

    [Theory]
    [InlineData("B", "B")]
    [InlineData("(b)", "B")]
    [InlineData("**B**", "B")]
    [InlineData("The answer is B.", "B")]
    [InlineData(@"\boxed{B}", "B")]
    [InlineData("A or B", null)]
    [InlineData("none of them", null)]
    public void ChoicesAreReadWithAndWithoutOptions(string answer, string? letter)
    {
        Assert.Equal(letter, OptionReading.Read(answer, ["red", "blue", "green"]));
        Assert.Equal(letter, OptionReading.Read(answer, [.. Enumerable.Repeat("", 26)]));
    }

    [Theory]
    [InlineData("caf\u00E9", "cafe\u0301")]
    [InlineData("cafe\u0301", "caf\u00E9")]
    public void AnOptionIsFoundHoweverItsAccentsAreWritten(string answer, string option) =>
        Assert.Equal("B", OptionReading.Read($"It is the {answer}", ["th\u00E9", option]));
}
