namespace SafeRlhfV.Processing;

/// <summary>A token found in the text itself, before the model sees it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its characters.</param>
/// <param name="Special">Left out of decoded text, and recognised only where the caller allows it.</param>
/// <param name="Normalized">Looked for in the normalised text, else in the text as given.</param>
/// <param name="SingleWord">Only if no word character stands beside it.</param>
/// <param name="LeftStrip">Takes the white space before it along.</param>
/// <param name="RightStrip">Takes the white space after it along.</param>
internal sealed record AddedToken(int Id, string Content, bool Special, bool Normalized, bool SingleWord, bool LeftStrip, bool RightStrip);
