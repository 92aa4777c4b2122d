using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>What came of a unit.</summary>
internal sealed class UnitResult
{
    public bool IsUnfit { get; set; }
    public int Questions { get; set; }
    public List<MadePair> Pairs { get; } = [];
    public List<ContestedPair> Contested { get; } = [];
    public List<PairJudgements> Judgements { get; } = [];
    public List<AnnotationRecord> Records { get; } = [];
}
