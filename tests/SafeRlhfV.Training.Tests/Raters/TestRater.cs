using SafeRlhfV.Data;

namespace SafeRlhfV.Training.Tests;

/// <summary>A rater of any data: every other row is benign, and a longer answer is better.</summary>
internal sealed class TestRater : DataRater
{
    private static readonly Lock Gate = new();

    public override string Name => "test";

    public static void Register()
    {
        lock (Gate)
            if (!All.Any(rater => rater is TestRater)) All.Add(new TestRater());
    }

    public override bool? IsBenign(ConversationRecord row) => row.Source.Index % 2 == 0;

    public override Func<string, double>? Judge(ConversationRecord row, long seed) => seed < 0 ? null : answer => answer.Length + seed;
}
