namespace SafeRlhfV.Gateway;

/// <summary>What becomes of control tokens in a caller's text, such as <c>&lt;|im_end|&gt;</c>, which many services read as tokens of the template.</summary>
public enum ControlTokenUse
{
    /// <summary>A blank is put into them, so that they stay text.</summary>
    Neutralise,

    /// <summary>The request is answered with 400.</summary>
    Refuse,

    /// <summary>They are sent as they are.</summary>
    Pass,
}
