using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>A content of a program's own kind whose texts can be changed, so that redacted data can be put back into it.</summary>
public interface IRewritableContent
{
    /// <summary>The content with other texts.</summary>
    /// <param name="change">What becomes of a text; the second argument says whether the text is a part of JSON, where quotes must be escaped.</param>
    AIContent WithTexts(Func<string, bool, string> change);
}
