namespace SafeRlhfV.Training;

/// <summary>How a server's prompt differs from our own.</summary>
internal static class PromptDifference
{
    /// <summary>The difference in words, for errors.</summary>
    /// <param name="served">The ids that the server gave its model.</param>
    /// <param name="own">Our encoding, which is another one.</param>
    public static string Words(int[] served, int[] own)
    {
        int at = served.AsSpan().CommonPrefixLength(own);
        string At(int[] ids) => at < ids.Length ? $"{ids[at]}" : "its end";
        return $"the server's prompt differs from ours at token {at} ({At(served)} there, {At(own)} here; {served.Length} and {own.Length} tokens): "
            + "another chat template or image size, or the text holds a special token, which servers read as one";
    }
}
