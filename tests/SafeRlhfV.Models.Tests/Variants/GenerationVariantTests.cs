using System.Text.Json;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class GenerationVariantTests
{
    public static TheoryData<string> Names() => Variant.Names("configs", "generation");

    [Theory]
    [MemberData(nameof(Names))]
    public void SettingsOfTheFolderGiveTheReferenceAnswerOrAreRefused(string name)
    {
        using TemporaryFolder temporary = new();
        Variant variant = Variant.Open("configs", name);
        string folder = variant.Assemble(temporary);
        variant.Judge(() =>
        {
            TextSettings settings = GenerationDefaults.Load(folder);
            JsonElement call = variant.Expected.TryGetProperty("call", out JsonElement stated) ? stated : default;
            if (call.ValueKind == JsonValueKind.Object && call.TryGetProperty("max_new_tokens", out JsonElement most))
                settings = settings with { Tokens = settings.Tokens.WithMaxNewTokens(most.GetInt32()) };
            if (call.ValueKind == JsonValueKind.Object && call.TryGetProperty("do_sample", out JsonElement draws) && !draws.GetBoolean())
                settings = settings with { Tokens = settings.Tokens with { Temperature = 0 } };
            string caseName = call.ValueKind == JsonValueKind.Object ? call.GetProperty("case").GetString()! : "forward-one-image";
            (ParityCase numbers, ParityCase inputs) = variant.Case(Path.Combine(variant.Base, "cases", caseName));
            using ParityCase first = numbers, second = inputs;
            using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false });
            ChatGenerator generator = new(model, ModelProcessor.Load(folder));
            TextCompletion answer = generator.Generate([Prompt(model, numbers, inputs)], settings)[0];
            if (!variant.Expected.TryGetProperty("output_ids", out JsonElement expected)) return;
            // the reference may generate the image token, which is never done here: the answers are compared up to it
            int[] all = [.. expected.EnumerateArray().Select(id => id.GetInt32())], theirs = [.. all.TakeWhile(id => id != model.ImageTokenId)];
            Assert.Equal(theirs, theirs.Length == all.Length ? answer.Ids : answer.Ids.Take(theirs.Length));
        });
    }

    private static EncodedPrompt Prompt(VisionLanguageModel model, ParityCase numbers, ParityCase inputs)
    {
        int[] ids = [.. numbers.Tensor("input_ids").data<long>().ToArray().Select(id => (int)id)];
        ImageInputs images = inputs.Images(model)!;
        return new EncodedPrompt(ids, [new ProcessedImage(images.PixelValues.data<float>().ToArray(), images.PixelValues.shape[1..], images.Images.Single())],
            "");
    }
}
