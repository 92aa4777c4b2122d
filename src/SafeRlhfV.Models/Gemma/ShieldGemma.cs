using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// ShieldGemma 2: does an image violate a policy? The logits of Yes and No after the prompt that the checkpoint's chat template writes; the probability of
/// Yes is that of a violation.
/// </summary>
public sealed class ShieldGemma
{
    private readonly VisionLanguageModel model;
    private readonly ModelProcessor processor;
    private readonly (int Yes, int No) answers;

    /// <summary>Joins a model and its processor.</summary>
    /// <param name="model">The model.</param>
    /// <param name="processor">Its processor.</param>
    /// <param name="policies">The policies by their names; null = those that the processor's folder names.</param>
    /// <exception cref="InvalidInputException">The model is none of this kind, or the folder names no policies.</exception>
    public ShieldGemma(VisionLanguageModel model, ModelProcessor processor, IReadOnlyDictionary<string, string>? policies = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(processor);
        (this.model, this.processor) = (model, processor);
        answers = (model.Config as GemmaConfig)?.Answers
            ?? throw new InvalidInputException($"{processor.Folder}: a {model.Config.ModelType} model is no ShieldGemma 2.");
        Policies = policies ?? PoliciesOf(processor.Folder);
    }

    /// <summary>The policies by their names.</summary>
    public IReadOnlyDictionary<string, string> Policies { get; }

    /// <summary>The model.</summary>
    public VisionLanguageModel Model => model;

    /// <summary>Whether a checkpoint folder holds such a guard, and none that 'train guard' made of it.</summary>
    /// <exception cref="InvalidInputException">config.json is malformed.</exception>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, "config.json")) && !File.Exists(Path.Combine(folder, GuardConfig.FileName))
        && ModelConfig.Load(folder) is GemmaConfig { Answers: not null };

    /// <summary>The policies that processor_config.json names (`policy_definitions`), in its order.</summary>
    /// <exception cref="InvalidInputException">It names none, or the field is malformed.</exception>
    public static IReadOnlyDictionary<string, string> PoliciesOf(string folder)
    {
        string file = Path.Combine(folder, "processor_config.json");
        ConfigReader? named = File.Exists(file) ? ConfigReader.Open(file).Section("policy_definitions") : null;
        if (named is null || !named.Element.EnumerateObject().Any())
            throw new InvalidInputException($"{file}: names no policies (policy_definitions), and none are built in; add them, or give policies of your own.");
        return new OrderedDictionary<string, string>(named.Element.EnumerateObject()
            .Select(policy => KeyValuePair.Create(policy.Name, named.Text(policy.Name))));
    }

    /// <summary>These policies with others put in the place of those of the same name, or behind them.</summary>
    public ShieldGemma With(IEnumerable<KeyValuePair<string, string>> policies)
    {
        OrderedDictionary<string, string> all = new(Policies);
        foreach ((string name, string text) in policies) all[name] = text;
        return new ShieldGemma(model, processor, all);
    }

    /// <summary>The prompt for one image and one policy.</summary>
    /// <exception cref="InvalidInputException">No policy has that name.</exception>
    public EncodedPrompt Encode(RgbImage image, string policy) => processor.EncodePrompt([ChatTurn.User(Policies.GetValueOrDefault(policy)
        ?? throw new InvalidInputException($"Policy '{policy}' is not known; known are {string.Join(", ", Policies.Keys)}."), image)]);

    /// <summary>The logits after each prompt, [B, V], from one pass; and the batch that gave them.</summary>
    internal (Tensor Logits_BV, GenerationPrompt Batch) Run(IReadOnlyList<EncodedPrompt> prompts)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        // an image of several questions is encoded once
        GenerationPrompt batch = new ChatGenerator(model, processor) { SharesImages = false }.Prepare(prompts);
        Tensor last = model.Hidden(batch.Ids_BL, batch.Mask_BL, batch.Images, from: batch.Ids_BL.shape[1] - 1);
        Tensor logits = model.Logits(last.squeeze(1)).to(ScalarType.Float32);
        batch.Ids_BL.MoveToOuterDisposeScope();
        batch.Mask_BL.MoveToOuterDisposeScope();
        return (logits.MoveToOuterDisposeScope(), batch);
    }

    /// <summary>The logits of Yes and No, [B, 2], of logits after prompts.</summary>
    internal Tensor Answers(Tensor logits_BV) => logits_BV.index_select(1, tensor([(long)answers.Yes, answers.No], device: logits_BV.device));

    /// <summary>The probability that the image violates the policy, 0..1, for each prompt.</summary>
    /// <param name="prompts">What <see cref="Encode"/> gives.</param>
    /// <param name="cancellationToken">Asked before the pass.</param>
    /// <exception cref="InvalidInputException">A number is not finite: the checkpoint is broken, or its type too narrow.</exception>
    public IReadOnlyList<float> Violations(IReadOnlyList<EncodedPrompt> prompts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Count == 0) return [];
        cancellationToken.ThrowIfCancellationRequested();
        using DisposeScope scope = NewDisposeScope();
        (Tensor logits_BV, _) = Run(prompts);
        float[] violations = Answers(logits_BV).softmax(-1).select(1, 0).cpu().data<float>().ToArray();
        return FiniteNumbers.Demand(violations, model, "the probabilities");
    }
}
