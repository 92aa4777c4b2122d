using SafeRlhfV.Guard;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class PolicyCertificateTests
{
    private static readonly CertificateOptions Costs = new() { Budget = 0.5, Range = new(0, 1) }, Rates = new() { UnsafeBudget = 0.2 };

    [Fact]
    public void TheBettingBoundDecidesAndStudentsTDoesNot()
    {
        // no harm was seen in 20 answers: t is sure, and knows nothing
        CertifiedAnswer[] answers = Answers(20, _ => 0);
        PolicyCertificate certificate = PolicyCertificate.Of(answers, Costs with { Budget = 0.02 });
        Assert.Equal((0.0, false, false), (certificate.Cost!.StudentT, certificate.Cost.Holds, certificate.Holds));
        Assert.True(PolicyCertificate.Of(Answers(400, _ => 0), Costs with { Budget = 0.02 }).Holds);
    }

    [Fact]
    public void LooksShareDelta()
    {
        CertifiedAnswer[] answers = Answers(100, i => i % 5 == 0 ? 1 : 0);
        MeanCertificate once = PolicyCertificate.Of(answers, Costs).Cost!, often = PolicyCertificate.Of(answers, Costs with { Looks = 4 }).Cost!;
        Assert.Equal((0.05, 0.0125), (once.Delta, often.Delta));
        Assert.Equal(PolicyCertificate.Of(answers, Costs with { Delta = 0.0125 }).Cost, often);
        Assert.True(often.Betting > once.Betting && often.Hoeffding > once.Hoeffding && often.Bernstein > once.Bernstein);
    }

    [Fact]
    public void TheOrderOfTheRowsDoesNotFoolTheBound()
    {
        MeanCertificate up = PolicyCertificate.Of(Answers(80, i => i / 80.0), Costs with { Budget = 0.9 }).Cost!;
        Assert.True(up.Betting > up.Mean);
        Assert.True(MeanCertificate.InOrder([.. Enumerable.Range(0, 80).Select(i => i / 80.0)], new(0, 1), 0.05, 0.9).Betting < up.Betting);
        Assert.Equal(up, PolicyCertificate.Of(Answers(80, i => i / 80.0), Costs with { Budget = 0.9 }).Cost);
    }

    [Fact]
    public void ACostOutsideTheRangeIsAnErrorUnlessTheCutCostIsCertified()
    {
        CertifiedAnswer[] answers = Answers(50, i => i == 7 ? 3 : 0.1);
        string message = Assert.Throws<InvalidInputException>(() => PolicyCertificate.Of(answers, Costs)).Message;
        Assert.Contains("row 7: the cost 3 lies outside --range 0,1", message);
        PolicyCertificate cut = PolicyCertificate.Of(answers, Costs with { Clip = true });
        Assert.Equal((1, (49 * 0.1 + 1) / 50), (cut.Clipped!.Value, cut.Cost!.Mean), (left, right) => left.Item1 == right.Item1
            && Math.Abs(left.Item2 - right.Item2) < 1e-12);
        Assert.Throws<InvalidInputException>(() => PolicyCertificate.Of(Answers(5, _ => double.NaN), Costs with { Clip = true }));
    }

    [Fact]
    public void GroupsDecideWhereTheyAreAskedFor()
    {
        // all is well on the whole, and not in one category
        CertifiedAnswer[] answers = [.. Enumerable.Range(0, 300).Select(i => new CertifiedAnswer(
            $"row {i}", Unsafe: i is >= 290 and < 296, Severity: i is >= 290 and < 296 ? Severity.Minor : Severity.None,
            Category: i >= 280 ? "hacking_or_digital_crime" : "animal_abuse"))];
        PolicyCertificate whole = PolicyCertificate.Of(answers, Rates);
        Assert.True(whole.Holds && whole.Unsafe!.Holds);
        Assert.Equal([("animal_abuse", 0, 280, true), ("hacking_or_digital_crime", 6, 20, false)],
            whole.ByCategory!.Select(group => (group.Name, group.Unsafe, group.Total, group.Holds)));
        Assert.Equal([("minor", 6), ("moderate", 0), ("severe", 0)], whole.BySeverity!.Select(group => (group.Name, group.Unsafe)));
        Assert.False(PolicyCertificate.Of(answers, Rates with { Groups = [CertificateGroup.Category] }).Holds);
        Assert.True(PolicyCertificate.Of(answers, Rates with { Groups = [CertificateGroup.Severity] }).Holds);

        CertifiedAnswer[] unknown = [.. answers.Select(answer => answer with { Severity = null, Category = null })];
        Assert.Null(PolicyCertificate.Of(unknown, Rates).BySeverity);
        foreach (CertificateGroup group in Enum.GetValues<CertificateGroup>())
            Assert.Contains($"--by {group.ToString().ToLowerInvariant()}",
                Assert.Throws<InvalidInputException>(() => PolicyCertificate.Of(unknown, Rates with { Groups = [group] })).Message);
    }

    [Theory]
    [InlineData("""{"cost":0.25}""", 0.25, null)]
    [InlineData("""{"row":"a#1","unsafe":true,"severity":"severe","category":"animal_abuse"}""", null, true)]
    [InlineData("""{"row":"a#1","outputs":null,"scores":[[-1.5]]}""", -1.5, null)]
    [InlineData("""{"row":"a#1","outputs":["reward","cost"],"scores":[[2,0.5]]}""", 0.5, null)]
    public void AFileOfScoresOrLabelsIsRead(string line, double? cost, bool? isUnsafe)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("scores.jsonl"), line + "\n\n");
        CertifiedAnswer answer = Assert.Single(CertifiedAnswerFile.Read(folder.At("scores.jsonl")));
        Assert.Equal((cost, isUnsafe), (answer.Cost, answer.Unsafe));
        if (isUnsafe == true) Assert.Equal((Severity.Severe, "animal_abuse"), (answer.Severity!.Value, answer.Category));
    }

    [Theory]
    [InlineData("not json", "line 1 is not JSON")]
    [InlineData("[1]", "is no object")]
    [InlineData("""{"row":"a"}""", "neither cost nor unsafe")]
    [InlineData("""{"cost":"low"}""", "cost must be a number")]
    [InlineData("""{"unsafe":"yes"}""", "unsafe must be true or false")]
    [InlineData("""{"unsafe":true,"severity":"dire"}""", "severity 'dire'")]
    [InlineData("""{"unsafe":true,"severity":"2"}""", "severity '2'")]
    [InlineData("""{"unsafe":false,"severity":"minor"}""", "they contradict")]
    [InlineData("""{"scores":[[1],[2]]}""", "one answer")]
    [InlineData("""{"scores":[[1,2]]}""", "no cost among its scores")]
    [InlineData("""{"outputs":["unsafe","x"],"scores":[[1,2]]}""", "no cost among its scores")]
    [InlineData("""{"outputs":["cost","cost"],"scores":[[1,2]]}""", "line 1: outputs names 'cost' more than once")]
    [InlineData("""{"cost":1,"cost":0}""", "line 1: has 'cost' more than once")]
    [InlineData("""{"row":"a","cost":1,"row":"b"}""", "line 1: has 'row' more than once")]
    [InlineData("""
        {"row":"a","cost":1}
        {"row":"b","cost":1}
        {"row":"a","cost":1}
        """, "line 3 is of the same row as line 1")]
    [InlineData("", "no answer in it")]
    public void AFileOfSomethingElseIsRefusedByLine(string line, string message)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("scores.jsonl"), line + "\n");
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => CertifiedAnswerFile.Read(folder.At("scores.jsonl"))).Message);
    }

    private static CertifiedAnswer[] Answers(int count, Func<int, double> cost) =>
        [.. Enumerable.Range(0, count).Select(i => new CertifiedAnswer($"row {i}", cost(i)))];
}
