using System.Text.RegularExpressions;
using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>MMMU (arXiv 2311.16502): questions of college subjects with up to seven images, named by number in question and options.</summary>
internal sealed partial class Mmmu : IBenchmark
{
    public string Name => "mmmu";

    public string Measures => "college questions of many subjects";

    public string Files => "Parquet files of id, question, options (a Python list), image_1 to image_7, answer, question_type";

    public string Figures => "accuracy by category; open questions are not scored, and counted";

    public IReadOnlyList<string> Scorers => ["exact:option"];

    public bool IsUsual(string split, string? variant) => split == "validation";

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string[] tables = [.. files.FindAll("*.parquet"), .. files.FindAll("*/*.parquet")];
        if (tables.Length == 0) files.Find("*/*.parquet");
        foreach (string file in tables)
        {
            string split = Path.GetFileName(file).Split('-', '.')[0];
            if (!files.Wants(split, null)) continue;
            foreach (BenchmarkRow row in files.Rows(file))
            {
                string id = row.Need("id"), question = row.Need("question");
                if (files.Try(row, null, () => Item(files, row, split, id, question)) is { } item) yield return item;
            }
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) =>
        FigureSets.Options([.. items.Where(item => item["question_type"] != "open")]);

    private static BenchmarkItem Item(BenchmarkFiles files, BenchmarkRow row, string split, string id, string question)
    {
        int[] numbers = [.. Enumerable.Range(1, 7).Where(number => row.Has($"image_{number}"))];
        BenchmarkItem item = files.Item(row, split, id, question, [.. numbers.Select(number => row.Image($"image_{number}"))]);
        IReadOnlyList<string> options = row.Texts("options");
        string? answer = row.Text("answer");
        bool isOpen = options.Count == 0 || row.Text("question_type") == "open";
        item = item with
        {
            Record = item.Record with
            {
                Messages = [new ConversationMessage(ConversationRole.User, Parts(question, numbers))],
                Options = options,
                Answer = answer,
                Labels = new RecordLabels { Id = id, Category = row.Text("subfield") ?? row.Text("category") },
            },
        };
        string list = string.Concat(options.Select((option, i) => $"\n{(char)('A' + i)}. {option}"));
        string request = isOpen ? "\nAnswer the question using a single word or phrase." : $"{list}\nAnswer with the letter of the right option.";
        item = item with { Asked = [.. item.Record.Messages[0].Parts, .. Parts(request, numbers)] };
        // a subject stands in the id: validation_Accounting_1
        return item.With(("category", id.Split('_') is [_, .. var subject, _] ? string.Join('_', subject) : item.Record.Labels.Category),
            ("question_type", isOpen ? "open" : "multiple-choice"), ("truth", answer));
    }

    private static MessagePart[] Parts(string text, int[] numbers)
    {
        List<MessagePart> parts = [];
        int from = 0;
        foreach (Match mark in ImageMark().Matches(text))
        {
            int index = Array.IndexOf(numbers, int.Parse(mark.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture));
            if (index < 0) throw new DroppedRowException(DropReason.ImageCount); // it shows an image that it does not hold
            if (mark.Index > from) parts.Add(MessagePart.OfText(text[from..mark.Index]));
            parts.Add(MessagePart.OfImage(index));
            from = mark.Index + mark.Length;
        }
        if (from < text.Length) parts.Add(MessagePart.OfText(text[from..]));
        return [.. parts];
    }

    [GeneratedRegex("<image ([1-7])>")]
    private static partial Regex ImageMark();
}
