using System.Text;

namespace SafeRlhfV.Data;

/// <summary>Definition and repetition levels with the values of one physical column below a list, as Parquet stores nested values (Dremel).</summary>
/// <typeparam name="T">The values' type.</typeparam>
internal sealed class NestedLevels<T>
{
    /// <summary>How deep each place is there.</summary>
    public List<short> Definition { get; } = [];

    /// <summary>Which list each place repeats; 0 begins a row.</summary>
    public List<short> Repetition { get; } = [];

    /// <summary>The values that are there.</summary>
    public List<T> Values { get; } = [];

    /// <summary>A place without a value.</summary>
    public void Add(int repetition, int definition)
    {
        Repetition.Add((short)repetition);
        Definition.Add((short)definition);
    }

    /// <summary>A place with a value.</summary>
    public void Add(int repetition, int definition, T value)
    {
        Add(repetition, definition);
        Values.Add(value);
    }
}

/// <summary>The columns of lists of images and of messages.</summary>
internal static class NestedLevels
{
    /// <summary>list&lt;struct&lt;bytes, path&gt;&gt;: one of the two leaves.</summary>
    public static NestedLevels<byte[]> OfImages(IEnumerable<IReadOnlyList<EncodedImage>?> rows, Func<EncodedImage, byte[]?> leaf)
    {
        NestedLevels<byte[]> levels = new();
        foreach (IReadOnlyList<EncodedImage>? images in rows)
        {
            if (images is not { Count: > 0 }) levels.Add(0, images is null ? 0 : 1);
            for (int i = 0; i < (images?.Count ?? 0); i++)
                if (leaf(images![i]) is { } value) levels.Add(i == 0 ? 0 : 1, 4, value);
                else levels.Add(i == 0 ? 0 : 1, 3);
        }
        return levels;
    }

    /// <summary>The leaf of a message that is no list: its role or its loss.</summary>
    public static NestedLevels<T> OfMessages<T>(IEnumerable<IReadOnlyList<ConversationMessage>?> rows, Func<ConversationMessage, (bool Has, T Value)> leaf)
    {
        NestedLevels<T> levels = new();
        foreach (IReadOnlyList<ConversationMessage>? messages in rows)
        {
            if (messages is not { Count: > 0 }) levels.Add(0, messages is null ? 0 : 1);
            for (int i = 0; i < (messages?.Count ?? 0); i++)
                if (leaf(messages![i]) is (true, var value)) levels.Add(i == 0 ? 0 : 1, 4, value);
                else levels.Add(i == 0 ? 0 : 1, 3);
        }
        return levels;
    }

    /// <summary>A leaf of the parts of messages: type or text.</summary>
    public static NestedLevels<byte[]> OfParts(IEnumerable<IReadOnlyList<ConversationMessage>?> rows, Func<MessagePart, string?> leaf)
    {
        NestedLevels<byte[]> levels = new();
        foreach (IReadOnlyList<ConversationMessage>? messages in rows)
        {
            if (messages is not { Count: > 0 }) levels.Add(0, messages is null ? 0 : 1);
            for (int i = 0; i < (messages?.Count ?? 0); i++)
            {
                IReadOnlyList<MessagePart> parts = messages![i].Parts;
                if (parts.Count == 0) levels.Add(i == 0 ? 0 : 1, 4);
                for (int part = 0; part < parts.Count; part++)
                {
                    int repetition = part > 0 ? 2 : i > 0 ? 1 : 0;
                    if (leaf(parts[part]) is { } text) levels.Add(repetition, 7, Encoding.UTF8.GetBytes(text));
                    else levels.Add(repetition, 6);
                }
            }
        }
        return levels;
    }
}
