using System.Text.Json;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Greedy generation cases: every token must be the same.</summary>
internal static class ParityGreedy
{
    public static void Run(VisionLanguageModel model, ParityCase reference, ParityChecks checks)
    {
        using IDisposable noGrad = no_grad();
        string name = reference.Has("new_tokens") ? "new_tokens" : "output_ids";
        Tensor expected = reference.Tensor(name);
        ImageInputs? inputs = reference.Images(model);
        ImageEmbeddings? images = inputs is null ? null : model.ProjectImages(model.EncodeImages(inputs));
        Tensor valid = reference.Tensor("attention_mask").to(ScalarType.Bool),
            positions = model.Positions(reference.Tensor("input_ids"), valid, images?.Images ?? []).Positions;
        checks.Exact("position_ids", positions, positions.dim() == 3 ? valid.unsqueeze(0) : valid);
        int pad = Number(reference, "pad_token_id", 0);
        GenerationSettings settings = new()
        {
            Temperature = 0,
            MaxNewTokens = Number(reference, "max_new_tokens", (int)expected.shape[1]),
            RepetitionPenalty = (reference.Field("generation", "repetition_penalty") ?? reference.Field("repetition_penalty"))?.GetDouble() ?? 1,
            EosTokenIds = Ids(reference.Field("generation", "eos_token_id") ?? reference.Field("eos_token_id")),
            PadTokenId = pad,
            LogProbs = true,
        };
        using GenerationResult result = new TextGenerator(model).Generate(new GenerationPrompt(reference.Tensor("input_ids"), valid, images), settings);
        long missing = expected.shape[1] - result.Tokens_BT.shape[1];
        Tensor tokens = missing > 0 ? nn.functional.pad(result.Tokens_BT, [0, missing], value: pad) : result.Tokens_BT.alias();
        checks.Exact(name, tokens);
        Tensor logProbs = missing > 0 ? nn.functional.pad(result.LogProbs_BT!, [0, missing]) : result.LogProbs_BT!.alias();
        checks.Compare("logprobs", logProbs, "logprobs", 1e-4);
    }

    private static int Number(ParityCase reference, string name, int fallback) => (reference.Field("generation", name) ?? reference.Field(name))?.GetInt32()
        ?? fallback;

    private static List<int> Ids(JsonElement? field) => field switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(id => id.GetInt32())],
        { } single => [single.GetInt32()],
    };
}
