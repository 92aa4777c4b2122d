namespace SafeRlhfV.Processing;

/// <summary>
/// Renders a chat template as transformers' apply_chat_template does: messages lose the keys that are null and carry their reasoning under the names that
/// templates ask for; messages, tools, documents and add_generation_prompt are always there.
/// </summary>
internal sealed class ChatTemplateText(JinjaTemplate template, IReadOnlyDictionary<string, string>? specialTokens = null)
{
    private const string ContinueTag = "CONTINUE_FINAL_MESSAGE_TAG ";

    private static readonly string[] ReasoningKeys = ["reasoning_content", "thinking", "reasoning"];

    /// <summary>Renders variables of the conversation: messages, and what else the caller passes.</summary>
    /// <exception cref="JinjaException">The template refuses the conversation or fails.</exception>
    public JinjaRendering Render(PyDict variables, DateTime now, JinjaMarks? marks = null)
    {
        PyDict all = new();
        all["messages"] = new PyList([]);
        all["tools"] = all["documents"] = null;
        all["add_generation_prompt"] = false;
        foreach ((string name, string token) in specialTokens ?? new Dictionary<string, string>()) all[name] = marks?.Around(token) ?? token;
        foreach ((object? name, object? value) in variables.Entries) all[name] = name is "messages" && value is PyList messages
            ? new PyList([.. messages.Items.Select(Prepared)]) : value;
        return template.Render(all, now, marks);
    }

    /// <summary>As above, but the last message stays open: nothing that follows its text is written. <paramref name="field"/> is the key that is
    /// continued.</summary>
    /// <exception cref="JinjaException">The last message has no such text, or the template does not write it.</exception>
    public string RenderOpen(PyDict variables, string field, DateTime now)
    {
        if (!variables.TryGet("messages", out object? value)
            || value is not PyList { Items: [.., PyDict last] } messages) throw JinjaException.Type("There is no message to continue.");
        PyDict open = last.Copy();
        last.TryGet(field, out object? content);
        string text;
        if (content is string whole)
        {
            text = whole;
            open[field] = whole + ContinueTag;
        }
        else if (content is PyList parts && parts.Items.OfType<PyDict>().LastOrDefault(part => part.TryGet("text", out _)) is { } part)
        {
            part.TryGet("text", out object? written);
            text = (string)written!;
            PyDict marked = part.Copy();
            marked["text"] = text + ContinueTag;
            open[field] = new PyList([.. parts.Items.Select(item => ReferenceEquals(item, part) ? marked : item)]);
        }
        else
        {
            throw JinjaException.Type($"continue_final_message is set but the final message has no {PyText.Repr(field)} to continue");
        }
        PyDict changed = variables.Copy();
        changed["messages"] = new PyList([.. messages.Items.SkipLast(1), open]);
        string rendered = Render(changed, now).Text, tag = ContinueTag.TrimEnd();
        int at = rendered.LastIndexOf(tag, StringComparison.Ordinal);
        if (at < 0) throw JinjaException.Type("continue_final_message is set but the template does not write the final message's text");
        return rendered.AsSpan(at).StartsWith(ContinueTag, StringComparison.Ordinal) ? rendered[..at]
            : rendered[..at].TrimEnd(JinjaText.WhiteSpace.ToCharArray());
    }

    private static object? Prepared(object? message)
    {
        if (message is not PyDict dict) return message;
        PyDict kept = new();
        foreach ((object? key, object? value) in dict.Entries)
            if (value is not null) kept[key] = value;
        foreach (string key in ReasoningKeys)
        {
            if (!kept.TryGet(key, out object? reasoning)) continue;
            PyDict prepared = new();
            prepared["thinking"] = reasoning;
            foreach ((object? name, object? value) in kept.Entries) prepared[name] = value;
            prepared["reasoning_content"] = reasoning;
            return prepared;
        }
        return kept;
    }
}
