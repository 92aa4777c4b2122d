using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

public sealed class ChatFormatTests
{
    [Fact]
    public void EveryRenderingOfTheReferenceIsMetSegmentBySegment()
    {
        List<string> wrong = [];
        HashSet<string> families = [];
        foreach (string line in Directory.GetFiles(Golden.At("chat-2"), "*.jsonl").Append(Golden.At("chat", "cases.jsonl")).SelectMany(File.ReadLines))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            string family = row.GetProperty("family").GetString()!,
                place = $"{family}/{row.GetProperty("group").GetString()}: {row.GetProperty("messages").GetRawText()}";
            if (!ChatFormat.Names.Contains(family)) continue; // written by its own template, see TemplateGoldenTests
            families.Add(family);
            if (!GoldenChat.IsTextAndImages(row.GetProperty("messages"))) continue; // refused before a format sees it
            if (row.GetProperty("messages").EnumerateArray().Any(message => message.GetProperty("role").GetString() == "tool")) continue; // no role of a turn
            bool generate = row.GetProperty("add_generation_prompt").GetBoolean(), vision = row.TryGetProperty("add_vision_id", out JsonElement flag)
                && flag.GetBoolean();
            IReadOnlyList<ChatTurn> turns = GoldenChat.Turns(row.GetProperty("messages"));
            if (row.TryGetProperty("error", out JsonElement error))
            {
                if (!Assert.Throws<InvalidInputException>(() => ChatFormat.Named(family).Render(turns, generate, vision)).Message.Contains(error.GetString()!,
                    StringComparison.Ordinal)) wrong.Add(place);
                continue;
            }
            IReadOnlyList<ChatSegment> segments = ChatFormat.Named(family).Render(turns, generate, vision);
            (string, string)[] expected = [.. row.GetProperty("segments").EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetString()!))];
            (string, string)[] ours = [.. segments.Select(segment =>
                (segment.Kind == ChatSegmentKind.Format ? "fmt" : segment.Kind.ToString().ToLowerInvariant(), segment.Text))];
            if (!ours.SequenceEqual(expected) || string.Concat(segments.Select(segment => segment.Text)) != row.GetProperty("rendered").GetString()
                || segments.Count(segment => segment.Kind == ChatSegmentKind.Image) != row.GetProperty("images").GetInt32()) wrong.Add(place);
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} differ:\n{string.Join("\n", wrong.Take(10))}");
        Assert.Equal(ChatFormat.Names.Order(), families.Order());
    }

    [Fact]
    public void ImageSegmentsCarryTheirImagesInTheOrderOfTheText()
    {
        RgbImage first = new(1, 1, new byte[3]), second = new(1, 1, new byte[3]);
        ChatTurn[] turns = [new(ChatRole.User, [new TextPart("a"), new ImagePart(first), new TextPart("b"), new ImagePart(second)])];
        foreach (string name in ChatFormat.Names)
            Assert.Equal([first, second], ChatFormat.Named(name).Render(turns, true).Where(segment => segment.Kind == ChatSegmentKind.Image)
                .Select(segment => segment.Image));
    }

    [Fact]
    public void AFormatOfAnUnknownNameIsRefused() => Assert.Throws<InvalidInputException>(() => ChatFormat.Named("alpaca"));
}
