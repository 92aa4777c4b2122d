using System.Text;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>The text of chat options that a model reads: instructions, tools with their descriptions and schemas, and the response's schema.</summary>
internal static class OptionsText
{
    public static string? Of(ChatOptions? options)
    {
        if (options is null || (options.Instructions is null && options.Tools is null && options.ResponseFormat is null)) return null;
        StringBuilder text = new();
        Add(options.Instructions);
        foreach (AITool tool in options.Tools ?? [])
        {
            Add(tool.Name);
            Add(tool.Description);
            if (tool is AIFunctionDeclaration function) Add(JsonWords.Of(function.JsonSchema));
        }
        if (options.ResponseFormat is ChatResponseFormatJson format)
        {
            Add(format.SchemaName);
            Add(format.SchemaDescription);
            if (format.Schema is { } schema) Add(JsonWords.Of(schema));
        }
        return text.ToString();

        void Add(string? part)
        {
            if (!string.IsNullOrEmpty(part)) text.Append(part).Append('\n');
        }
    }
}
