using System.Text.Json;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Answers with embeddings; a refusal is an error, since their shape has no place for it.</summary>
internal sealed class EmbeddingsAnswer(ChatCall call) : WholeAnswer(call)
{
    /// <exception cref="ApiException">The texts were refused.</exception>
    public override byte[] Whole(ChatResponse response)
    {
        if (response.GetRefusal() is { } refusal) throw ApiException.Invalid(refusal, "input", "content_filter");
        return JsonReply.Render((Call.Model, response), static (writer, answer) => Write(writer, answer.Model, answer.response));
    }

    private static void Write(Utf8JsonWriter writer, string model, ChatResponse response)
    {
        writer.WriteStartObject();
        writer.WriteString("object", "list");
        writer.WriteStartArray("data");
        foreach ((int place, ReadOnlyMemory<byte> json) in response.Messages.SelectMany(message => message.Contents).OfType<EmbeddingsContent>().Single().All)
        {
            writer.WriteStartObject();
            writer.WriteString("object", "embedding");
            writer.WriteNumber("index", place);
            writer.WritePropertyName("embedding");
            writer.WriteRawValue(json.Span, skipInputValidation: true); // they were read
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteString("model", model);
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", response.Usage?.InputTokenCount ?? 0);
        writer.WriteNumber("total_tokens", response.Usage?.TotalTokenCount ?? 0);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
