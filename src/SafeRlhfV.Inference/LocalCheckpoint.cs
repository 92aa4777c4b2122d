using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Inference;

/// <summary>
/// Opens what lies in a folder: a whole checkpoint, a LoRA adapter over the base model that it names, or a training run with either as its result.
/// </summary>
public static class LocalCheckpoint
{
    /// <summary>The adapter's name on the opened model.</summary>
    public const string Adapter = "default";

    /// <summary>Checks what can be checked of a generating model without its weights, before other long work begins.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed, or the folder holds another kind of model.</exception>
    public static void CheckChat(string folder)
    {
        folder = Find(folder);
        ModelKinds.Check(folder, [ModelKind.Policy], "answering");
        CheckBelow(folder);
    }

    /// <summary>As <see cref="CheckChat"/>, for a guard.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed, or the folder holds no guard.</exception>
    public static void CheckGuard(string folder)
    {
        folder = Find(folder);
        if (!IsShieldGemma(folder)) GuardConfig.Load(folder);
        CheckBelow(folder);
    }

    /// <summary>As <see cref="CheckChat"/>, for a reward or cost model.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="use">Who wants it, such as "certify --cost".</param>
    /// <param name="wanted">The kinds that will do.</param>
    /// <exception cref="InvalidInputException">A part is missing or malformed, or the folder holds another kind of model.</exception>
    public static void CheckScores(string folder, string use, params ModelKind[] wanted)
    {
        folder = Find(folder);
        string headFolder = ScoreModel.HeadFolder(Below(folder), IsAdapter(folder) ? folder : null);
        ModelKinds.Check(headFolder, wanted, use);
        CheckBelow(folder);
        ScoreHead.Check(headFolder);
    }

    private static void CheckBelow(string folder)
    {
        string below = Below(folder);
        ModelConfig.Load(below);
        ModelProcessor.Load(below);
    }

    /// <summary>Opens a generating model with its processor; an adapter is in use at once.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed.</exception>
    public static (VisionLanguageModel Model, ModelProcessor Processor) OpenChat(string folder, LocalOptions? options = null)
    {
        folder = Find(folder);
        ModelKinds.Check(folder, [ModelKind.Policy], "answering");
        return Open(folder, options);
    }

    /// <summary>Opens a reward or cost model with its processor: a whole checkpoint, or a head beside an adapter.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed.</exception>
    public static (ScoreModel Model, ModelProcessor Processor) OpenScores(string folder, LocalOptions? options = null)
    {
        folder = Find(folder);
        (VisionLanguageModel backbone, ModelProcessor processor) = Open(folder, options);
        try
        {
            Tensor like = backbone.Decoder.Embedding.Weight;
            return (new ScoreModel(backbone, ScoreHead.Load(folder, backbone.HiddenSize, like.dtype, like.device)), processor);
        }
        catch
        {
            backbone.Dispose();
            throw;
        }
    }

    /// <summary>Opens a guard with its processor: a whole checkpoint, or a head beside an adapter.</summary>
    /// <exception cref="InvalidInputException">A part is missing or malformed.</exception>
    public static ChatGuard OpenGuard(string folder, LocalOptions? options = null)
    {
        folder = Find(folder);
        GuardConfig config = GuardConfig.Load(folder);
        (ScoreModel scores, ModelProcessor processor) = OpenScores(folder, options);
        try
        {
            return new ChatGuard(new GuardModel(scores, config), processor);
        }
        catch (InvalidInputException error)
        {
            scores.Dispose();
            throw new InvalidInputException($"{folder}: {error.Message}", error);
        }
    }

    private static (VisionLanguageModel Model, ModelProcessor Processor) Open(string folder, LocalOptions? options)
    {
        string below = Below(folder);
        ModelProcessor processor = ModelProcessor.Load(below); // before gigabytes are read
        VisionLanguageModel model = ModelCheckpoint.Load(below, ToLoadOptions(options));
        try
        {
            if (IsAdapter(folder)) model.Adapters.Default = model.Adapters.Load(Adapter, folder);
            return (model, processor);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // The whole checkpoint: the folder's own, or the base of its adapter.
    private static string Below(string folder) => IsAdapter(folder) ? LoraConfig.FindBase(folder) : folder;

    private static bool IsAdapter(string folder) => File.Exists(Path.Combine(folder, "adapter_config.json"));

    private static LoadOptions ToLoadOptions(LocalOptions? options) => new() { Device = options?.Device, Dtype = options?.Dtype, RequiresGradient = false };

    /// <summary>Whether a folder holds ShieldGemma 2, whole or as an adapter over it, and no guard that 'train guard' made of it.</summary>
    internal static bool IsShieldGemma(string folder) =>
        !File.Exists(Path.Combine(folder, GuardConfig.FileName)) && ShieldGemma.IsIn(Below(folder));

    internal static string Find(string folder) => Directory.Exists(folder) ? ResultFolder.Find(folder)
        : throw new InvalidInputException($"{folder}: there is no such folder; give a checkpoint's folder, or a training run's.");
}
