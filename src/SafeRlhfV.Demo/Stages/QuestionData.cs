using SafeRlhfV.Data;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>Writes prompts as a data set with the right answers of those questions that have one.</summary>
internal static class QuestionData
{
    private const string Description = """
        Prompts of the built-in world of SafeRlhfV. Questions that have one right answer (how many, which colour, which number is larger, two steps) bring it
        along; open questions have none.
        """;

    public static void Write(DemoContext context, string name, string title, IEnumerable<WorldPrompt> prompts)
    {
        using ConversationWriter writer = ConversationWriter.Create(context.Folders.Data(name),
            new BeaverTailsWriterOptions { Name = title, Description = Description, Overwrite = true });
        foreach (WorldPrompt prompt in prompts)
        {
            context.Cancel.ThrowIfCancellationRequested();
            writer.Add(WorldDataset.Train, new ConversationRecord
            {
                Kind = RecordKind.Prompt,
                Images = [new EncodedImage(PngBytes.Encode(prompt.Image), prompt.Name.Replace('/', '-') + ".png")],
                Messages = [new ConversationMessage(ConversationRole.User, [MessagePart.OfImage(0), MessagePart.OfText(prompt.Text)])],
                Labels = new RecordLabels { Category = prompt.Scene.Category, ImageSeverity = prompt.Scene.Severity },
                Answer = prompt.RightAnswer,
            });
        }
        writer.Complete();
    }
}
