namespace SafeRlhfV.Processing;

/// <summary>Reads the fields that Metaspace has as a pre-tokenizer and as a decoder, in the older and the newer form.</summary>
internal static class MetaspaceReader
{
    public static char Replacement(ConfigReader section)
    {
        string text = section.Text("replacement", "\u2581");
        return text.Length == 1 ? text[0] : throw section.Error("replacement", "must be one character of the basic plane");
    }

    public static PrependScheme Scheme(ConfigReader section)
    {
        string scheme = section.Text("prepend_scheme", section.Flag("add_prefix_space", true) ? "always" : "never");
        return scheme switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw section.Error("prepend_scheme", "must be always, first or never"),
        };
    }
}
