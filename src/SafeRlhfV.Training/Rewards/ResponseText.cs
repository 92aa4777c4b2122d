using SafeRlhfV.Data;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>A sampled response as text: its thoughts, its final answer, and which of its tokens are said outside of the thoughts.</summary>
internal sealed class ResponseText
{
    private const int PromptEnd = 16;

    private readonly int[] ids;
    private readonly ModelProcessor processor;
    private readonly string text;
    private readonly bool opened;
    private readonly Thoughts thoughts;

    private ResponseText(EncodedSample sample, ModelProcessor processor)
    {
        (ids, this.processor) = (sample.Response, processor);
        text = processor.DecodeWithMarks(ids);
        opened = Thoughts.AreOpenAfter(processor.DecodeWithMarks(sample.Prompt.TakeLast(PromptEnd)));
        thoughts = Thoughts.In(text, opened);
        Answer = FinalAnswer.Read(text, opened);
    }

    /// <summary>Reads the response of a sample.</summary>
    public static ResponseText Of(EncodedSample sample, ModelProcessor processor) => new(sample, processor);

    /// <summary>The final answer; null where it cannot be read.</summary>
    public FinalAnswer? Answer { get; }

    /// <summary>Whether thoughts begin that never end.</summary>
    public bool IsUnclosed => !thoughts.IsClosed;

    /// <summary>Whether the response has the form: thoughts first and then an answer, or an answer that is marked.</summary>
    public bool HasForm(bool think) => think
        ? thoughts is { IsClosed: true, Spans: [var only] } && text[..only.Start.Value].Trim().Length == 0 && thoughts.Said(text)!.Length > 0
            && Inside(text[only]).Trim().Length > 0
            && !thoughts.Said(text)!.Contains(Thoughts.Close, StringComparison.Ordinal)
        : Answer?.Marked is not null;

    /// <summary>
    /// The tokens outside of the thoughts and the end token. A token that is partly outside stays. All tokens where there are no thoughts, where they never
    /// end, or where nothing else is said.
    /// </summary>
    public int[] AnswerIds()
    {
        if (thoughts.Spans.Count == 0 || string.IsNullOrEmpty(thoughts.Said(text))) return ids;
        bool[] thought = new bool[ids.Length];
        foreach (Range span in thoughts.Spans)
        {
            (int start, int end) = (span.Start.Value, span.End.Value);
            int first = FirstPrefix(start + 1) - 1, last = FirstPrefix(end); // tokens that overlap the span
            if (text[LengthOf(first)..start].Trim().Length > 0) first++;
            if (text[end..Math.Min(text.Length, LengthOf(last))].Trim().Length > 0) last--;
            if (last > first) thought.AsSpan(first, last - first).Fill(true);
        }
        return [.. ids.Where((_, i) => !thought[i])];
    }

    private string Inside(string span) => span[(opened ? 0 : Thoughts.Open.Length)..^Thoughts.Close.Length];

    /// <summary>The least number of tokens whose text has so many characters.</summary>
    private int FirstPrefix(int length)
    {
        (int low, int high) = (0, ids.Length);
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (LengthOf(middle) >= length) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    private int LengthOf(int tokens) => processor.DecodeWithMarks(ids.Take(tokens)).Length;
}
