namespace SafeRlhfV.Gateway;

/// <summary>What becomes of a field of a request.</summary>
internal enum FieldUse
{
    /// <summary>An object, or a list of objects, whose members stand in the table themselves.</summary>
    Opened,

    /// <summary>All names and strings in it are judged with the prompt; then it goes to the model.</summary>
    Judged,

    /// <summary>A whole number (or a list of them), which goes to the model.</summary>
    Whole,

    /// <summary>A number, which goes to the model.</summary>
    Number,

    /// <summary>True or false, which goes to the model.</summary>
    Flag,

    /// <summary>Read by the gateway, and not sent to the model.</summary>
    Stripped,

    /// <summary>Answered with 400 unless the operator allows it; then it is judged.</summary>
    Refused,
}
