using System.CommandLine;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary>The options that say whose answers a benchmark gets, and how they are drawn.</summary>
internal sealed class AnswerArguments
{
    private readonly Option<string?> model = new("--model")
    {
        Description = "A checkpoint's folder, an adapter's or a training run's; with --model-endpoint, the model's name there."
    };
    private readonly Option<string?> adapter = new("--adapter") { Description = "A PEFT LoRA adapter folder to answer under." };
    private readonly Option<string?> endpoint =
        new("--model-endpoint") { Description = "The address of an OpenAI-compatible service that answers, such as http://127.0.0.1:8000/v1." };
    private readonly Option<string?> key = new("--model-key-env") { Description = "The environment variable with the key of --model-endpoint." };
    private readonly Option<string?> system = ModelArguments.System(), dtype = ModelArguments.Dtype(), device = ModelArguments.Device(),
        format = ModelArguments.ChatFormatName(), processor = ModelArguments.ProcessorFolder();
    private readonly Option<int> batchSize = new("--batch-size")
    {
        Description = "Items answered together; of a service, questions under way at once.",
        DefaultValueFactory = _ => 8
    };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Answer anew what other settings answered." };
    private readonly GenerationArguments generation = new();

    public IEnumerable<Option> All => [model, adapter, endpoint, key, system, dtype, device, format, processor, batchSize, overwrite, .. generation.All];

    /// <summary>Who answers; the model is loaded with the first question.</summary>
    /// <exception cref="InvalidInputException">An option is missing or wrong.</exception>
    public AnswerMaker Open(ParseResult parsed)
    {
        string name = parsed.GetValue(model) ?? throw new InvalidInputException("say who answers with --model.");
        if (parsed.GetValue(batchSize) < 1) throw new InvalidInputException($"--batch-size {parsed.GetValue(batchSize)}: give 1 or more.");
        AnswerSettings settings = new(parsed.GetValue(system), parsed.GetValue(batchSize), parsed.GetValue(overwrite));
        if (parsed.GetValue(endpoint) is { } address)
        {
            foreach (Option<string?> option in (Option<string?>[])[adapter, dtype, device, format, processor])
                if (parsed.GetValue(option) is not null) throw new InvalidInputException($"{option.Name} goes with a checkpoint, not with --model-endpoint.");
            Uri service = ChatChoice.Address("--model-endpoint", address);
            string? secret = ChatChoice.Key(parsed.GetValue(key));
            return new ServiceAnswers(() => ChatChoice.Client(service, name, secret), $"{name} at {address.TrimEnd('/')}", generation.OfService(parsed),
                settings);
        }
        if (parsed.GetValue(key) is not null) throw new InvalidInputException("--model-key-env goes with --model-endpoint.");
        (string folder, string? adapterFolder) = ModelArguments.Find(name, parsed.GetValue(adapter));
        LoadOptions load = ModelArguments.LoadOptions(parsed.GetValue(dtype), parsed.GetValue(device));
        foreach (string place in new[] { folder, adapterFolder }.OfType<string>()) ModelArguments.CheckKind(place, "eval answers", ModelKind.Policy);
        return new LocalAnswers(folder, adapterFolder, load, generation.Read(parsed, folder), settings,
            () => ModelArguments.Processor(folder, parsed.GetValue(format), parsed.GetValue(processor)),
            $"{parsed.GetValue(dtype)} {parsed.GetValue(format)} {parsed.GetValue(processor)}");
    }
}
