using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Reads the processor of a checkpoint folder, and turns what it encodes into tensors.</summary>
public static class ModelProcessors
{
    extension(ModelProcessor)
    {
        /// <summary>Reads a checkpoint folder.</summary>
        /// <param name="folder">The checkpoint folder.</param>
        /// <param name="chat">Replaces the chat format that the files speak of.</param>
        /// <param name="processor">A folder whose tokenizer, image processor and chat template are taken instead, for checkpoints without them; null = the
        /// checkpoint's own.</param>
        /// <exception cref="InvalidInputException">A file is missing, malformed or does not go with the others.</exception>
        public static ModelProcessor Load(string folder, ChatFormat? chat = null, string? processor = null)
        {
            ModelConfig config = ModelConfig.Load(folder);
            string from = processor ?? folder, other = Path.Combine(from, "config.json");
            if (processor is not null && !Directory.Exists(processor))
                throw new InvalidInputException($"{processor}: no such folder to take tokenizer and image processor from.");
            if (processor is not null && File.Exists(other) && ConfigReader.Open(other).Text("model_type") is var type && type != config.ModelType)
                throw new InvalidInputException(
                    $"{processor}: its model is of the family {type}, but {folder} is of {config.ModelType}; give the folder of the model that this one was "
                        + "trained from.");
            return new ModelProcessor(folder, from, config.Facts, Tokenizer.Load(from), ImageProcessor.Load(from, config),
                chat ?? ChatFormat.For(config, from));
        }
    }

    extension(ChatFormat)
    {
        /// <summary>The format of a checkpoint folder: a built-in one where its chat template writes what that one writes, else the template itself.</summary>
        /// <exception cref="InvalidInputException">The folder has no chat template, or one that fails.</exception>
        public static ChatFormat For(ModelConfig config, string folder) => ChatFormat.OfFolder(folder, config.ModelType,
            ModelFamilies.Find(config.ModelType)?.UsualChatFormat);
    }

    /// <summary>Pads prompts on the left.</summary>
    public static TokenBatch Batch(this ModelProcessor processor, IReadOnlyList<EncodedPrompt> prompts, Device? device = null) =>
        TokenBatch.PadLeft([.. prompts.Select(prompt => prompt.Ids)], processor.PadTokenId, device);

    /// <summary>Pixel values of all the prompts' images in their order; null if there are none.</summary>
    public static ImageInputs? BatchImages(this ModelProcessor processor, IReadOnlyList<EncodedPrompt> prompts)
    {
        ProcessedImage[] images = [.. prompts.SelectMany(prompt => prompt.Images)];
        return images.Length == 0 ? null : processor.Images.Batch(images);
    }
}
