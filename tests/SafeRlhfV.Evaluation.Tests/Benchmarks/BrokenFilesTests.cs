using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>Broken files of benchmarks: each kind of fault is one clear line that names the file, and none is read as if it were whole.</summary>
public sealed class BrokenFilesTests : IDisposable
{
    private static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("mm-safetybench", "", "neither processed_questions nor")]
    [InlineData("mm-safetybench", "processed_questions/=dir", "holds no NN-Name.json")]
    [InlineData("mm-safetybench", "processed_questions/01-Fraud.json={\"0\":{\"Rephrased Question\":\"q\"}}", "no such folder of images")]
    [InlineData("mm-safetybench", "imgs/=dir;processed_questions/01-Fraud.json=[1]", "is no JSON object")]
    [InlineData("mm-safetybench", "imgs/=dir;processed_questions/01-Fraud.json={\"0\":", "is no JSON")]
    [InlineData("mm-safetybench", "imgs/=dir;processed_questions/01-Fraud.json={}", "holds no rows")]
    [InlineData("mm-safetybench", "imgs/=dir;processed_questions/01-Fraud.json={\"0\":{\"Question\":\"q\"}}", "has no 'Changed Question'")]
    [InlineData("mm-safetybench", "data/Fraud/Other.parquet=x", "is none of the splits")]
    [InlineData("vlguard", "", "there is no test.json")]
    [InlineData("vlguard", "test.json=[]", "holds no rows")]
    [InlineData("vlguard", "test.json=[{\"id\":\"1\",\"image\":\"a.png\",\"instr-resp\":[{\"instruction\":\"q\"}]}]", "has no 'safe'")]
    [InlineData("vlguard", "test.json=[{\"id\":\"1\",\"image\":\"a.png\",\"safe\":\"perhaps\",\"instr-resp\":[{\"instruction\":\"q\"}]}]",
        "neither yes nor no")]
    [InlineData("vlguard", "test.json=[{\"id\":\"1\",\"image\":\"a.png\",\"safe\":true,\"instr-resp\":[]}]", "has no 'instr-resp'")]
    [InlineData("vlguard", "test.json=[{\"id\":\"1\",\"image\":\"a.png\",\"safe\":true,\"instr-resp\":[{\"instruction\":\"q\"}]}]",
        "has no 'safe_instruction'")]
    [InlineData("figstep", "safebench.csv=dataset,category_id,task_id\nx,1\n", "2 fields where the first line names 3")]
    [InlineData("figstep", "safebench.csv=dataset,category_id\n\"x,1\n", "is not closed")]
    [InlineData("figstep", "safebench.csv=dataset,task_id\nx,1\n", "has no 'category_id'")]
    [InlineData("pope", "coco_pope_random.json={\"question_id\":1,\"image\":\"a.png\",\"text\":\"q\",\"label\":\"maybe\"}", "neither yes nor no")]
    [InlineData("pope", "coco_pope_random.json={\"question_id\":1,\"image\":\"a.png\",\"text\":\"q\"}", "has no 'label'")]
    [InlineData("pope", "coco_pope_random.json={\"question_id\":1,\"image\":\"a.png\",\"text\":\"q\",\"label\":\"no\"}\n{\"question_id\":2,\"ima",
        "row 1 is no JSON; the file is cut or damaged")]
    [InlineData("pope", "coco_pope_random.json=[{\"question_id\":1,\"image\":\"a.png\",\"text\":\"q\",\"label\":\"no\"},", "is cut or damaged")]
    [InlineData("siuo", "siuo_gen.json=[{\"question_id\":1,\"image\":\"a.png\",\"question\":\"q\"}", "is cut or damaged")]
    [InlineData("xstest", "xstest_prompts.csv=id,prompt,type,label\n1,q,homonyms,safe\n2,\"q", "is not closed")]
    [InlineData("pope", "coco_pope_random.json={\"question_id\":1,\"text\":\"q\",\"label\":\"no\"}", "has no 'image'")]
    [InlineData("mme", "color/1.txt=Is it red?\tPerhaps", "neither yes nor no")]
    [InlineData("mme", "color/1.txt=Is it red?", "has no 'answer'")]
    [InlineData("mme", "", "there is no")]
    [InlineData("holisafe", "holisafe_bench.json=[{\"image\":\"a.png\",\"query\":\"q\",\"type\":\"XYZ\"}]", "none of SSS")]
    [InlineData("xstest", "xstest_prompts.csv=id,prompt,type,label\n1,q,homonyms,odd\n", "neither safe nor unsafe")]
    [InlineData("mssbench", "combined.json={\"chat\":[{\"safe_image_path\":\"a.png\",\"unsafe_image_path\":\"a.png\"}]}", "has no 'queries'")]
    [InlineData("mossbench", "information.json={\"1\":{\"image\":\"a.png\",\"question\":\"q\"}}", "has no 'metadata'")]
    [InlineData("siuo-mcq", "siuo_mcqa.json=[{\"question_id\":1,\"image\":\"a.png\",\"question\":\"q\",\"correct_option\":\"A\"}]", "has no 'options'")]
    [InlineData("llava-bench", "questions.jsonl={\"question_id\":1,\"image\":\"a.png\",\"text\":\"q\",\"category\":\"conv\"};"
        + "answers_gpt4.jsonl={\"question_id\":2,\"text\":\"a\"};context.jsonl={\"image\":\"a.png\",\"caption\":\"c\"}", "has no reference answer")]
    [InlineData("mmmu", "data/validation-0.parquet=no parquet", "validation-0.parquet")]
    [InlineData("vlmevalkit", "own.tsv=index\tquestion\n1\tq\n", "has no 'image'")]
    [InlineData("vlmevalkit", "own.tsv=index\tquestion\timage\n1\tq\n", "is the separator a tab")]
    [InlineData("rows", "own.jsonl={\"question\":\"q\",\"label\":\"odd\"}", "neither safe nor unsafe")]
    [InlineData("rows", "own.jsonl={\"question\":\"q\",\"options\":[\"x\",\"y\"],\"answer\":\"Q\"}", "none of its 2 options")]
    [InlineData("rows", "own.jsonl={\"text\":\"q\"}", "has no 'question' or 'prompt'")]
    [InlineData("rows", "a.jsonl={\"question\":\"q\"};b.jsonl={\"question\":\"q\"}", "here are 2 (a.jsonl, b.jsonl); name the file itself")]
    [InlineData("rows", "b.csv=question\nq\n;a.parquet=x", "here are 2 (a.parquet, b.csv); name the file itself")]
    [InlineData("vlmevalkit", "a.tsv=index\tquestion\timage\n;b.tsv=index\tquestion\timage\n", "here are 2 (a.tsv, b.tsv); name the file itself")]
    [InlineData("xstest", "xstest_prompts.csv=x;xstest_prompts_v2.csv=x", "name the file itself")]
    [InlineData("vlsbench", "data/a.parquet=x;data/b.parquet=x", "vlsbench reads one file, and here are 2")]
    [InlineData("jailbreakv", "JailBreakV_28K.csv=id,jailbreak_query,policy\n1,q,p\n", "has no 'format'")]
    [InlineData("hades", "hades.jsonl={\"id\":1,\"instruction\":\"q\",\"scenario\":\"s\",\"image\":\"a.png\"}", "has no 'step'")]
    [InlineData("spa-vl", "", "there is no test/harm")]
    public void IsOneClearLine(string name, string files, string said)
    {
        Write(files);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => Read(name).ToArray());
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains(folder.At(""), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ItemsThatAreNotWholeAreCounted()
    {
        string[] images = ["\"a.png\"", "null", "\"gone.png\"", "\"bad.png\"", "\"../a.png\"", "\"http://x/a.png\""];
        IEnumerable<string> rows = images.Select((image, i) => $"{{\"instruction_id\":{i + 1},\"instruction\":\"q\",\"image_path\":{image}}}");
        Write($"data.json=[{string.Join(",", rows)},7];bad.png=no image");
        IBenchmark benchmark = BenchmarkList.All.Find("vlsbench")!;
        BenchmarkFiles files = new(benchmark, folder.At("set"));
        BenchmarkItem item = Assert.Single(benchmark.Read(files, subset: false));
        Assert.Equal("1", item.Id);
        Assert.Equal(["image-null", "image-missing", "image-undecodable", "image-outside", "image-url", "not-object"], files.Dropped.Select(drop =>
            drop.Reason));
        Assert.Equal(7, files.RowsRead);
    }

    [Theory]
    [InlineData("pope", "coco_pope_random.json={\"question_id\":1,\"image\":\"a.png\",\"text\":\"BLANK\",\"label\":\"no\"}")]
    [InlineData("mme", "color/a.txt=BLANK\tYes\n")]
    [InlineData("vlguard", "test.json=[{\"id\":\"1\",\"image\":\"a.png\",\"safe\":false,\"instr-resp\":[{\"instruction\":\"BLANK\"}]}]")]
    [InlineData("xstest", "xstest_prompts.csv=id,prompt,type,label\n1,\"BLANK\",homonyms,safe\n")]
    [InlineData("siuo", "siuo_gen.json=[{\"question_id\":1,\"image\":\"a.png\",\"question\":\"BLANK\",\"category\":\"c\"}]")]
    [InlineData("siuo-mcq", "siuo_mcqa.json=[{\"question_id\":1,\"image\":\"a.png\",\"question\":\"BLANK\",\"category\":\"c\","
        + "\"options\":{\"A\":\"x\",\"B\":\"y\"},\"correct_option\":\"A\"}]")]
    [InlineData("vlsbench", "data.json=[{\"instruction_id\":1,\"instruction\":\"BLANK\",\"image_path\":\"a.png\"}]")]
    [InlineData("mossbench", "information.json={\"1\":{\"image\":\"a.png\",\"question\":\"BLANK\",\"metadata\":{\"over\":\"type 1\"}}}")]
    [InlineData("holisafe", "holisafe_bench.json=[{\"image\":\"a.png\",\"query\":\"BLANK\",\"type\":\"SSS\"}]")]
    [InlineData("rows", "own.jsonl={\"question\":\"BLANK\",\"image\":\"a.png\"}")]
    public void AnItemWithoutAQuestionIsLeftOutAndCounted(string name, string files)
    {
        foreach (string blank in (string[])[.. name == "xstest" ? [] : (string[])[""], "  "]) // an empty cell of a table is none
        {
            Write(files.Replace("BLANK", blank, StringComparison.Ordinal) + (name == "mme" ? ";color/a.png=x" : ""));
            if (name == "mme") File.WriteAllBytes(Path.Combine(folder.At("set"), "color", "a.png"), Png);
            IBenchmark benchmark = BenchmarkList.All.Find(name)!;
            BenchmarkFiles read = new(benchmark, folder.At("set"));
            Assert.Empty(benchmark.Read(read, subset: false));
            Assert.Equal("empty-text", Assert.Single(read.Dropped).Reason);
        }
    }

    [Fact]
    public void AFolderThatIsNotThereIsTold()
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => new BenchmarkFiles(BenchmarkList.All.Find("pope")!, folder.At("gone")));
        Assert.Contains("no such folder", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidInputException>(() => BenchmarkList.Named("pope,no-such"));
    }

    [Theory]
    [InlineData("form: safety\nshows: answer\nwords", "has no line '---'")]
    [InlineData("form: odd\nshows: answer\n---\nx", "needs 'form'")]
    [InlineData("form: prompt-safety\nshows: answer\n---\nx", "needs 'form'")]
    [InlineData("form: safety\nshows: question\n---\nx", "does not show the answer")]
    [InlineData("form: safety\nshows: answer, sky\n---\nx", "shows 'sky'")]
    [InlineData("form: safety\nshows: answer\n---\n \n", "has no instructions")]
    [InlineData("form: safety\nodd: 1\nshows: answer\n---\nx", "unknown setting 'odd'")]
    public void ARubricOfOnesOwnIsChecked(string text, string said)
    {
        File.WriteAllText(folder.At("own.md"), text);
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => Rubric.Open(folder.At("own.md")));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryRubricOfTheToolIsWhole()
    {
        Assert.True(Rubric.Names.Count > 10);
        Assert.All(Rubric.Names, name => Assert.NotEmpty(Rubric.Open(name).Instructions));
        // every judge that a benchmark names has one
        foreach (string scorer in BenchmarkList.All.SelectMany(benchmark => benchmark.Scorers).Where(name => name.StartsWith("judge:",
            StringComparison.Ordinal)))
            Assert.NotEmpty(new JudgeScorer(new NoChat(), "none", scorer["judge:".Length..]).Identity);
    }

    private IEnumerable<BenchmarkItem> Read(string name)
    {
        IBenchmark benchmark = BenchmarkList.All.Find(name)!;
        return benchmark.Read(new BenchmarkFiles(benchmark, folder.At("set")), subset: false);
    }

    // "NAME=TEXT;NAME/=dir"; an image a.png is there always
    private void Write(string files)
    {
        Directory.CreateDirectory(folder.At("set"));
        File.WriteAllBytes(Path.Combine(folder.At("set"), "a.png"), Png);
        foreach (string file in files.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = file.Split('=', 2);
            string path = Path.Combine(folder.At("set"), parts[0]);
            if (parts[1] == "dir") Directory.CreateDirectory(path);
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, parts[1]);
            }
        }
    }
}
