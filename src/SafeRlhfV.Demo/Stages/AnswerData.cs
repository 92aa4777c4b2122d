using SafeRlhfV.Data;
using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Demo;

/// <summary>Writes prompts with one answer each as a data set of the flat layout: instruction data, and the prompts of PPO.</summary>
internal static class AnswerData
{
    private const string Description = """
        Prompts of the built-in world of SafeRlhfV with one answer each from its grammar, in the flat layout of BeaverTails-V. The label column is the exact
        rater's; supervised fine-tuning and PPO do not read it, and PPO does not read the answers.
        """;

    public static void Write(DemoContext context, string name, string title, IEnumerable<WorldAnswer> answers)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(context.Folders.Data(name), RowLayout.Flat,
            new BeaverTailsWriterOptions { Name = title, Description = Description, Overwrite = true });
        foreach ((WorldAnswer answer, byte[] png) in answers.AsParallel().AsOrdered().Select(answer => (answer, PngBytes.Encode(answer.Prompt.Image))))
        {
            context.Cancel.ThrowIfCancellationRequested();
            WorldPrompt prompt = answer.Prompt;
            EncodedImage image = new(png, prompt.Name.Replace('/', '-') + ".png");
            writer.Add(WorldDataset.Train,
                new ModeratedResponse(prompt.Text, image, prompt.Scene.Category, prompt.Scene.Severity, answer.Answer,
                    Oracle.Rate(prompt, answer.Answer).IsSafe));
        }
        writer.Complete();
    }
}
