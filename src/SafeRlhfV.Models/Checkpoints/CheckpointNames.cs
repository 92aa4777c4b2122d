using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>How a checkpoint's tensors belong to the parameters of its model, and the config as its tensors show it to be.</summary>
/// <param name="Config">The config; an output layer that differs from the embedding table is not tied, whatever config.json says (as transformers 5 has
/// it).</param>
/// <param name="Layout">How the files name the tensors.</param>
/// <param name="Keys">File keys by canonical name.</param>
internal sealed record CheckpointNames(ModelConfig Config, KeyLayout Layout, Dictionary<string, string> Keys)
{
    private const string Head = "lm_head.weight", Embedding = "embed_tokens.weight";

    /// <summary>Recognises the names of a folder's tensors.</summary>
    /// <exception cref="InvalidInputException">They are of no layout of the family.</exception>
    public static CheckpointNames Of(string folder, ModelConfig config, CheckpointTensors tensors)
    {
        (KeyLayout layout, Dictionary<string, string> keys) = ModelFamilies.Find(config.ModelType)!.Recognise(folder, tensors.Names);
        // a classifier has no output layer, and its score does not ask for one
        if (ClassifierExport.IsClassifier(config) && !keys.Keys.Any(name => name.EndsWith(Head, StringComparison.Ordinal)))
            return new(config with { TieWordEmbeddings = true }, layout, keys);
        if (!config.TieWordEmbeddings || keys.Keys.FirstOrDefault(name => name.EndsWith(Head, StringComparison.Ordinal)) is not { } head)
            return new(config, layout, keys);
        if (keys.Keys.FirstOrDefault(name => name.EndsWith(Embedding, StringComparison.Ordinal)) is not { } embedding)
        {
            // the one matrix that is there serves as both
            embedding = ParameterList.Of(config).First(entry => entry.Name.EndsWith(Embedding, StringComparison.Ordinal)).Name;
            keys[embedding] = keys[head];
        }
        else if (!AreEqual(tensors, keys[head], keys[embedding]))
        {
            bool says = SaysTied(config.Source);
            // else by default, and released files of other families leave it out and have an output layer
            if (says || config.TiesByDefault)
                ModelCheckpoint.Notice($"{folder}: config.json {(says ? "says tie_word_embeddings: true" : "does not say tie_word_embeddings: false")}, but "
                    + "the files hold an output layer other than the embedding table. It is used, untied; say false in config.json to silence this.");
            return new(config with { TieWordEmbeddings = false }, layout, keys);
        }
        keys.Remove(head);
        return new(config, layout, keys);
    }

    private static bool SaysTied(JsonElement config) => (config.TryGetProperty("tie_word_embeddings", out JsonElement tied)
        || config.TryGetProperty("text_config", out JsonElement text) && text.ValueKind == JsonValueKind.Object
            && text.TryGetProperty("tie_word_embeddings", out tied)) && tied.ValueKind == JsonValueKind.True;

    private static bool AreEqual(CheckpointTensors tensors, string one, string other)
    {
        if (!tensors.Entry(one).Shape.SequenceEqual(tensors.Entry(other).Shape)) return false;
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor first = tensors.FileOf(one).Read(one), second = tensors.FileOf(other).Read(other);
        const long Rows = 4096;
        for (long row = 0; row < first.shape[0]; row += Rows)
        {
            using DisposeScope inner = NewDisposeScope();
            long count = Math.Min(Rows, first.shape[0] - row);
            if (!first.narrow(0, row, count).eq(second.narrow(0, row, count)).all().item<bool>()) return false;
        }
        return true;
    }
}
