using System.Text.Json;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Kinds of cases that Gemma 3 and ShieldGemma 2 alone have.</summary>
internal static class ParityGemma
{
    /// <summary>An `embedding-scale` case: embeddings of tokens times their factor, in float32 and bfloat16.</summary>
    public static void EmbeddingScale(string folder, ParityCase reference, ParityChecks checks)
    {
        using IDisposable noGrad = no_grad();
        foreach ((string name, ScalarType dtype) in new[] { ("float32", ScalarType.Float32), ("bfloat16", ScalarType.BFloat16) })
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { Dtype = dtype });
            Tensor ours = model.Decoder.Embed(reference.Tensor("input_ids"), model.ImageTokenId, null, strict: false).Embeddings_BLH;
            checks.Add(name, ours, reference.Tensor(name), 0);
            checks.Add("scale_" + name, Math.Abs(model.Decoder.EmbeddingFactor - reference.Field("scale_" + name)!.Value.GetDouble()), 1e-6);
        }
    }

    /// <summary>A `classify` case: images and policies → prompts, logits of Yes and No, probabilities.</summary>
    /// <inheritdoc cref="ParityProcessor.Run"/>
    public static void Classify(VisionLanguageModel model, ModelProcessor processor, ParityImages images, ParityCase reference, ParityChecks checks)
    {
        static KeyValuePair<string, string>[] Texts(JsonElement? field) =>
            [.. field?.EnumerateObject().Select(policy => KeyValuePair.Create(policy.Name, policy.Value.GetString()!)) ?? []];
        ShieldGemma guard = new(model, processor);
        KeyValuePair<string, string>[] named = Texts(reference.Field("policy_definitions"));
        checks.Add("policy_definitions", guard.Policies.SequenceEqual(named) ? 0 : 1, 0);
        guard = guard.With(Texts(reference.Field("custom_policies")));
        string[] policies = [.. reference.Field("policies")?.EnumerateArray().Select(name => name.GetString()!) ?? guard.Policies.Keys];
        string[] files = [.. reference.Json.GetProperty("images").EnumerateArray().Select(name => name.GetString()!)];
        (string File, string Policy)[] pairs = [.. files.SelectMany(file => policies.Select(policy => (file, policy)))];
        checks.Add("pairs", pairs.SequenceEqual(reference.Json.GetProperty("pairs").EnumerateArray()
            .Select(pair => (pair[0].GetString()!, pair[1].GetString()!))) ? 0 : 1, 0);
        EncodedPrompt[] prompts = [.. pairs.Select(pair => guard.Encode(images.Read(pair.File, ParityImageLoading.Converted), pair.Policy))];
        checks.Add("rendered", reference.Json.GetProperty("rendered").EnumerateArray()
            .Zip(prompts, (text, prompt) => text.GetString() == prompt.Text ? 0 : 1).Sum(), 0);
        checks.Add("image_tokens_per_sample", reference.Json.GetProperty("image_tokens_per_sample").EnumerateArray()
            .Zip(prompts, (count, prompt) => count.GetInt32() == prompt.Images.Sum(image => image.Geometry.Tokens) ? 0 : 1).Sum(), 0);
        (Tensor logits_BV, GenerationPrompt batch) = guard.Run(prompts);
        checks.Exact("input_ids", batch.Ids_BL);
        checks.Exact("attention_mask", batch.Mask_BL.to(ScalarType.Int64));
        TokenTypes(model, batch.Ids_BL, checks);
        checks.Compare("last_logits", logits_BV, "logits", 2e-4);
        Tensor answers_B2 = guard.Answers(logits_BV);
        checks.Compare("logits", answers_B2, "logits", 2e-4);
        checks.Compare("probabilities", answers_B2.softmax(-1), "probabilities", 5e-5);
    }

    /// <summary>Which tokens see each other both ways: 1 on image tokens. Nothing happens where the case does not say.</summary>
    public static void TokenTypes(VisionLanguageModel model, Tensor ids_BL, ParityChecks checks)
    {
        using Scalar image = model.ImageTokenId;
        checks.Exact("token_type_ids", ids_BL.eq(image).to(ScalarType.Int64));
    }

    /// <summary>How far the logits move where images are read as text is, as far as the case says.</summary>
    public static void WithoutTokenTypes(GemmaModel model, ParityPass pass, Tensor logits_BLV, ParityCase reference, ParityChecks checks)
    {
        if (reference.Field("max_diff_without_token_type_ids") is not { } stated) return;
        (Tensor embeddings, _) = model.Decoder.Embed(pass.Ids_BL, model.ImageTokenId, pass.Images, strict: true);
        Tensor causal = model.Logits(model.Decoder.Forward(embeddings, pass.Mask_BL, pass.Positions, null));
        double moved = (causal - logits_BLV).abs().amax([-1]).masked_select(pass.Mask_BL).max().item<float>();
        checks.Add("max_diff_without_token_type_ids", Math.Abs(moved - stated.GetDouble()), 1e-3);
    }
}
