using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>The embeddings of a request's texts: numbers, in which there is nothing to judge and nothing to put back.</summary>
/// <param name="all">The place of each text, and its numbers as JSON: a list, or Base64.</param>
internal sealed class EmbeddingsContent(IReadOnlyList<(int Place, ReadOnlyMemory<byte> Json)> all) : JudgedContent, IRewritableContent
{
    public IReadOnlyList<(int Place, ReadOnlyMemory<byte> Json)> All => all;

    public override IReadOnlyList<KeyValuePair<string, string>> Texts => [];

    public AIContent WithTexts(Func<string, bool, string> change) => this;
}
