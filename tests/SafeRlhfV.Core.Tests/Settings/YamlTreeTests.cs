using SafeRlhfV.Testing;

namespace SafeRlhfV.Core.Tests;

public sealed class YamlTreeTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static Dictionary<string, string?> Variables => new() { ["model"] = "models/a b", ["name"] = null };

    [Fact]
    public void AFileChangesItsBaseKeyByKey()
    {
        Write("deep/lowest.yaml", "a: { x: 1, y: 2, z: 3 }\nlist: [1, 2]\nkept: below\n");
        Write("middle.yaml", "base: deep/lowest.yaml\na: { y: 20 }\nlist: [7]\n");
        Write("top.yaml", "base: middle.yaml\na:\n  z: 30\n  new: 4\n");
        Assert.Equal("a.x=1 a.y=20 a.z=30 a.new=4 list=7 kept=below", Read("top.yaml"));
    }

    [Fact]
    public void AnEmptyValueTakesTheBasesAwayAndOnlyThat()
    {
        Write("below.yaml", "a: { x: 1, y: 2 }\nkept: 5\n");
        Write("top.yaml", "base: below.yaml\na:\n  x:\nkept: ~\nlist:\n");
        (bool x, bool y, bool kept, bool list) = YamlSection.Read(YamlTree.Load(folder.At("top.yaml")), section =>
        {
            section.Texts("list");
            YamlSection a = section.Section("a")!;
            Assert.Null(a.Text("x"));
            Assert.Equal("2", a.Text("y"));
            return (a.Removes("x"), a.Removes("y"), section.Removes("kept"), section.Removes("list"));
        });
        Assert.Equal((true, false, true, false), (x, y, kept, list));
    }

    [Fact]
    public void FaultsNameTheFileInWhichTheValueStands()
    {
        Write("below.yaml", "# a comment\na: { x: one, q: 2 }\n");
        Write("top.yaml", "base: below.yaml\na:\n  y: two\n  r: 1\n");
        string message = Refused("top.yaml", "a.z=three");
        Assert.StartsWith("--set has 1 fault: a.z: 'three' must be a whole number", message);
        Assert.Contains($"; {folder.At("top.yaml")} has 4 faults: line 3: a.y: 'two' must be a whole number", message);
        Assert.Contains("; line 4: a.r: unknown key", message);
        Assert.Contains($"; {folder.At("below.yaml")} line 2: a.x: 'one' must be a whole number", message);
        Assert.Contains($"; {folder.At("below.yaml")} line 2: a.q: unknown key", message);
    }

    [Theory]
    [InlineData("\nbase: nowhere.yaml\n", "line 2: base: {folder}nowhere.yaml: no such file")]
    [InlineData("base: below\n", "line 1: base: {folder}below: cannot be read")]
    [InlineData("base: [a.yaml, b.yaml]\n", "line 1: base: must be the path of one file, without variables")]
    [InlineData("base:\n", "line 1: base: must be the path of one file, without variables")]
    [InlineData("base: ${name}.yaml\n", "line 1: base: must be the path of one file, without variables")]
    [InlineData("base: top.yaml\n", "line 1: base: the files are based on each other in a circle: {folder}top.yaml → {folder}top.yaml")]
    [InlineData("base: below/circle.yaml\n",
        "{folder}below/circle.yaml line 1: base: the files are based on each other in a circle: {folder}top.yaml → {folder}below/circle.yaml → {folder}top.yaml")]
    [InlineData("base: below/list.yaml\n", "{folder}below/list.yaml line 2: the file must be a mapping (key: value)")]
    [InlineData("base: below/two.yaml\n", "{folder}below/two.yaml line 3: a second document; keep one")]
    [InlineData("base: below/broken.yaml\n", "{folder}below/broken.yaml line ")]
    [InlineData("model: {folder: x\ndata:\n  folder: y\n", "line 2: not valid YAML: a bracket or brace before it is not closed")]
    [InlineData("a: &loop\n  x: *loop\n", "not valid YAML: ")]
    public void ABaseThatCannotBeIsAFaultWithFileAndLine(string top, string expected)
    {
        Write("below/circle.yaml", "base: ../top.yaml\n");
        Write("below/list.yaml", "\n- 1\n");
        Write("below/two.yaml", "kept: 1\n---\nkept: 2\n");
        Write("below/broken.yaml", "kept: 1\nlist: [1\n");
        Write("top.yaml", top);
        Assert.Contains(expected.Replace("{folder}", folder.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal), Refused("top.yaml"));
    }

    [Theory]
    [InlineData("a={ x: 1\ny: 2", "the value is not valid YAML: ")]
    [InlineData("a={x: 1\nb:\n  y: 2\n", "the value is not valid YAML: ")]
    [InlineData("a.x=1\n---\n2", "the value holds a second document; give one value")]
    public void AValueOfSetThatIsNoneIsAFault(string set, string expected)
    {
        Write("top.yaml", "a: { x: 1 }\n");
        Assert.Contains(expected, Refused("top.yaml", set));
    }

    [Fact]
    public void AnAliasIsACopy()
    {
        Write("below.yaml", "b: { x: 1, y: 5 }\n");
        Write("top.yaml", "base: below.yaml\na: &same\n  x: 2\nb: *same\n");
        Assert.Equal("a.x=2 a.z=9 b.x=2 b.y=5", Read("top.yaml", "a.z=9"));
    }

    [Fact]
    public void VariablesStandForValuesInAnyText()
    {
        Write("below.yaml", "kept: ${model}/sub\na: { x: \"${number}\" }\n");
        Write("top.yaml", "base: below.yaml\nlist: [\"${number}\", 'a$${b}$']\n");
        Assert.Equal("kept=models/a b/sub a.x=12 list=12,a${b}$",
            Sorted(Read("top.yaml", new Dictionary<string, string?> { ["model"] = "models/a b", ["number"] = "12" })));
        Assert.Equal(["model", "number"], YamlTree.Load(folder.At("top.yaml")).Variables.Order());
        // without variables it is text like any other, and what is set from outside always is
        Assert.Contains("kept=${model}/sub", Read("top.yaml", "a.x=1"));
        Assert.Contains("kept=${model}", Read("top.yaml", new Dictionary<string, string?> { ["number"] = "12" }, "kept=${model}"));

        static string Sorted(string text) => string.Join(' ',
            text.Split(' ').OrderBy(part => part.StartsWith("list", StringComparison.Ordinal))
                .ThenBy(part => !part.StartsWith("kept", StringComparison.Ordinal) && !part.StartsWith('b')));
    }

    [Fact]
    public void AnEmptyValueOfAVariableIsAText()
    {
        Write("top.yaml", "kept: ${name}\n");
        Assert.Equal("kept=", Read("top.yaml", new Dictionary<string, string?> { ["name"] = "" }));
        Assert.Equal("kept=null", Read("top.yaml", new Dictionary<string, string?> { ["name"] = "null" }));
    }

    [Fact]
    public void VariablesWithoutAValueAreFaultsWhereTheyStand()
    {
        Write("below.yaml", "a: { x: 1 }\nkept: ${name}\n");
        Write("top.yaml", "base: below.yaml\nlist: ['a', '${other}', '${', '${1}']\n");
        string message = Refused("top.yaml", Variables);
        Assert.Contains("has 4 faults: line 2: list[1]: ${other} is not known; there are ${model}, ${name}; line 2: list[2]: '${' begins a variable, such as "
            + "${name}; write $${ for the text itself; line 2: list[3]: '${'", message);
        Assert.Contains($"; {folder.At("below.yaml")} line 2: kept: ${{name}} has no value; give --name.", message);
        // a value that is replaced needs none
        Write("other.yaml", "base: below.yaml\nkept: 1\n");
        Assert.Contains("kept=1", Read("other.yaml", Variables));
        Assert.Contains("kept=2", Read("below.yaml", Variables, "kept=2"));
    }

    public void Dispose() => folder.Dispose();

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.At(file))!);
        File.WriteAllText(folder.At(file), text);
    }

    private string Read(string file, params string[] sets) => Read(file, null, sets);

    private string Read(string file, Dictionary<string, string?>? variables, params string[] sets) =>
        YamlSection.Read(YamlTree.Load(folder.At(file)), section => string.Join(' ', Values(section)), sets, variables);

    private static IEnumerable<string> Values(YamlSection section)
    {
        foreach (string key in section.Keys)
            if (key == "list") yield return $"list={string.Join(',', section.Texts(key))}";
            else if (key is "kept") yield return $"{key}={section.Text(key)}";
            else if (key is "a" or "b" && section.Section(key) is { } below)
                foreach (string inner in (string[])["x", "y", "z", "new"])
                    if (below.Whole(inner, 0, 100) is { } number) yield return $"{key}.{inner}={number}";
    }

    private string Refused(string file, params string[] sets) => Refused(file, null, sets);

    private string Refused(string file, Dictionary<string, string?>? variables, params string[] sets) =>
        Assert.Throws<InvalidInputException>(() => Read(file, variables, sets)).Message;
}
