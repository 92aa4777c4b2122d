using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.SafetyWorld;

/// <summary>
/// The files of the world's tiny LLaVA-1.5 beside its weights, as Hugging Face names and forms them: a CLIP tower of 56 px and 4 blocks (the features
/// are those after the third), a projector, a Llama of 3 layers, a word-level tokenizer of 223 tokens. About 1.1 million parameters are in use.
/// </summary>
public static class WorldCheckpointFiles
{
    private static readonly JsonSerializerOptions Form = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>File names with their texts.</summary>
    public static IReadOnlyDictionary<string, string> Files { get; } = Of(Vocabulary.Tokens);

    /// <summary>The same with the words of questions that have one right answer.</summary>
    public static IReadOnlyDictionary<string, string> ReasoningFiles { get; } = Of(ReasoningVocabulary.Tokens);

    // LLaVA-1.5's prompt: "USER: <image>\n{question} ASSISTANT:".
    private const string ChatTemplate =
        "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
        + "{# images come before the text #}{% for part in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
        + "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{% if message['role'] == 'assistant' %}"
        + "{% generation %}{{ part['text'] + ' ' }}{% endgeneration %}{% else %}{{ part['text'] + ' ' }}{% endif %}{% endfor %}{% endfor %}"
        + "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}";

    /// <summary>Writes the files into a folder, which is made where it is missing; other files there stay.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="reasoning">Whether the vocabulary has the words of questions that have one right answer.</param>
    /// <exception cref="InvalidInputException">The folder cannot be written.</exception>
    public static void Write(string folder, bool reasoning = false)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach ((string name, string text) in reasoning ? ReasoningFiles : Files) File.WriteAllText(Path.Combine(folder, name), text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{folder}: the checkpoint's files cannot be written ({error.Message}); choose a folder that can be.", error);
        }
    }

    private static Dictionary<string, string> Of(IReadOnlyList<string> tokens) => new()
    {
        ["config.json"] = Text(Config(tokens)),
        ["generation_config.json"] = Text(Generation()),
        ["preprocessor_config.json"] = Text(ImageProcessor()),
        ["processor_config.json"] = Text(Processor()),
        ["tokenizer.json"] = Text(Tokenizer(tokens)),
        ["tokenizer_config.json"] = Text(TokenizerConfig()),
        ["special_tokens_map.json"] = Text(SpecialTokens()),
        ["chat_template.json"] = Text(new JsonObject { ["chat_template"] = ChatTemplate }),
    };

    private static string Text(JsonNode node) => node.ToJsonString(Form) + "\n";

    private static JsonObject Config(IReadOnlyList<string> tokens) => new()
    {
        ["architectures"] = new JsonArray("LlavaForConditionalGeneration"),
        ["ignore_index"] = -100,
        ["image_seq_length"] = Vocabulary.ImageTokens,
        ["image_token_index"] = Vocabulary.Image,
        ["model_type"] = "llava",
        ["pad_token_id"] = Vocabulary.Pad,
        ["projector_hidden_act"] = "gelu",
        ["text_config"] = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["bos_token_id"] = Vocabulary.Begin,
            ["eos_token_id"] = Vocabulary.End,
            ["hidden_act"] = "silu",
            ["hidden_size"] = 128,
            ["intermediate_size"] = 352,
            ["max_position_embeddings"] = 128,
            ["model_type"] = "llama",
            ["num_attention_heads"] = 4,
            ["num_hidden_layers"] = 3,
            ["num_key_value_heads"] = 4,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 10000.0,
            ["tie_word_embeddings"] = false,
            ["torch_dtype"] = "float32",
            ["vocab_size"] = tokens.Count,
        },
        ["tie_word_embeddings"] = false,
        ["torch_dtype"] = "float32",
        ["transformers_version"] = "4.36.0.dev0",
        ["vision_config"] = new JsonObject
        {
            ["hidden_act"] = "quick_gelu",
            ["hidden_size"] = 96,
            ["image_size"] = ScenePainter.Side,
            ["intermediate_size"] = 384,
            ["layer_norm_eps"] = 1e-5,
            ["model_type"] = "clip_vision_model",
            ["num_attention_heads"] = 4,
            ["num_channels"] = 3,
            ["num_hidden_layers"] = 4,
            ["patch_size"] = 14,
            ["projection_dim"] = 96,
        },
        ["vision_feature_layer"] = -2,
        ["vision_feature_select_strategy"] = "default",
    };

    private static JsonObject Generation() => new()
    {
        ["bos_token_id"] = Vocabulary.Begin,
        ["eos_token_id"] = Vocabulary.End,
        ["max_new_tokens"] = Vocabulary.ResponseLength,
        ["pad_token_id"] = Vocabulary.Pad,
        ["transformers_version"] = "4.36.0.dev0",
    };

    private static JsonObject ImageProcessor() => new()
    {
        ["crop_size"] = new JsonObject { ["height"] = ScenePainter.Side, ["width"] = ScenePainter.Side },
        ["do_center_crop"] = true,
        ["do_convert_rgb"] = true,
        ["do_normalize"] = true,
        ["do_rescale"] = true,
        ["do_resize"] = true,
        ["image_mean"] = new JsonArray(.7, .7, .7),
        ["image_processor_type"] = "CLIPImageProcessor",
        ["image_std"] = new JsonArray(.3, .3, .3),
        ["processor_class"] = "LlavaProcessor",
        ["resample"] = 3,
        ["rescale_factor"] = 0.00392156862745098,
        ["size"] = new JsonObject { ["shortest_edge"] = ScenePainter.Side },
    };

    private static JsonObject Processor() => new()
    {
        ["image_token"] = "<image>",
        ["num_additional_image_tokens"] = 1,
        ["patch_size"] = 14,
        ["processor_class"] = "LlavaProcessor",
        ["vision_feature_select_strategy"] = "default",
    };

    private static JsonObject Tokenizer(IReadOnlyList<string> tokens) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. Enumerable.Range(0, Vocabulary.SpecialCount).Select(id => AddedToken(id, withId: true))]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject { ["type"] = "WhitespaceSplit" },
        ["post_processor"] = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Special(0), Sequence("A", 0)),
            ["pair"] = new JsonArray(Special(0), Sequence("A", 0), Special(1), Sequence("B", 1)),
            ["special_tokens"] = new JsonObject
            {
                ["<s>"] = new JsonObject { ["id"] = "<s>", ["ids"] = new JsonArray(Vocabulary.Begin), ["tokens"] = new JsonArray("<s>") },
            },
        },
        // This decoder puts a space before each word that does not begin with its prefix, and no word here does.
        ["decoder"] = new JsonObject { ["type"] = "WordPiece", ["prefix"] = "##", ["cleanup"] = false },
        ["model"] = new JsonObject
        {
            ["type"] = "WordLevel",
            ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
            ["unk_token"] = "<unk>",
        },
    };

    private static JsonObject TokenizerConfig() => new()
    {
        ["added_tokens_decoder"] = new JsonObject(
            Enumerable.Range(0, Vocabulary.SpecialCount).Select(id => KeyValuePair.Create($"{id}", (JsonNode?)AddedToken(id, withId: false)))),
        ["bos_token"] = "<s>",
        ["clean_up_tokenization_spaces"] = false,
        ["eos_token"] = "</s>",
        ["extra_special_tokens"] = new JsonObject { ["image_token"] = "<image>" },
        ["image_token"] = "<image>",
        ["model_max_length"] = 128,
        ["pad_token"] = "<pad>",
        ["padding_side"] = "left",
        ["processor_class"] = "LlavaProcessor",
        ["tokenizer_class"] = "PreTrainedTokenizerFast",
        ["unk_token"] = "<unk>",
    };

    private static JsonObject SpecialTokens() => new()
    {
        ["bos_token"] = Named("<s>"),
        ["eos_token"] = Named("</s>"),
        ["image_token"] = "<image>",
        ["pad_token"] = Named("<pad>"),
        ["unk_token"] = Named("<unk>"),
    };

    private static JsonObject AddedToken(int id, bool withId)
    {
        JsonObject token = Named(Vocabulary.Tokens[id]);
        token["special"] = true;
        if (withId) token.Insert(0, "id", id);
        return token;
    }

    private static JsonObject Named(string content) => new()
    {
        ["content"] = content,
        ["lstrip"] = false,
        ["normalized"] = false,
        ["rstrip"] = false,
        ["single_word"] = false,
    };

    private static JsonObject Special(int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = "<s>", ["type_id"] = type } };

    private static JsonObject Sequence(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
}
