using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation.Tests;

public sealed class AnnotationTests
{
    [Fact]
    public async Task TwoPeopleLabelAndTheExportKeepsEveryRule()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync();
        foreach (string annotator in (string[])["ann", "bob"])
            for (JsonObject state = await one.StateAsync(annotator); state["item"] is { } item; state = await one.StateAsync(annotator))
                Assert.Null((await one.LabelAsync(annotator, Id(state)))["problem"]);
        await one.Server.DisposeAsync();
        AnnotationReport report = one.Export();
        Assert.Equal((3, 3, 0, 0), (report.Items, report.Settled, report.Disputed, report.Waiting));
        Assert.DoesNotContain(DatasetValidator.Check(one.Target).Findings, finding => finding.Severity == FindingSeverity.Error);
        PreferencePair[] before = [.. PreferenceDataset.Open(one.Data).ReadPairs()], after = [.. PreferenceDataset.Open(one.Target).ReadPairs()];
        Assert.Equal(before.Select(pair => (pair.Question, pair.Response1.Text, pair.Response2.From, Convert.ToHexString(pair.Image!.Bytes!))),
            after.Select(pair => (pair.Question, pair.Response1.Text, pair.Response2.From, Convert.ToHexString(pair.Image!.Bytes!))));
        Assert.All(after, pair => Assert.Equal((1, 2, true, 2, false, -1, 2),
            (pair.Safer, pair.MoreHelpful, pair.Response1.IsSafe, pair.Response1.HarmlessRate, pair.Response2.IsSafe, pair.Response2.HarmlessRate,
                pair.ImageSeverity)));
        Assert.Equal(6, AnnotationFile.Of(one.Target).Count);
        Assert.Equal(1.0, report.Agreement["labels"]!["safer"]!["alpha"]!.GetValue<double>());
        Assert.NotNull(report.AgreementWithMachine);
    }

    [Fact]
    public async Task DisagreementWaitsForTheLastWord()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1);
        string item = Id(await one.StateAsync("ann"));
        await one.LabelAsync("ann", item, safer: 1);
        Assert.Null((await one.StateAsync("cy", "adjudicate"))["item"]);
        await one.LabelAsync("bob", item, safer: 2);
        JsonObject dispute = await one.StateAsync("cy", "adjudicate");
        Assert.Equal((1, item), (dispute["progress"]!["disputed"]!.GetValue<int>(), Id(dispute)));
        Assert.Equal(["ann", "bob"], dispute["item"]!["others"]!.AsArray().Select(label => label!["by"]!.GetValue<string>()));
        JsonObject figures = await one.GetAsync("agreement");
        Assert.Equal((0, 1), (figures["settled"]!.GetValue<int>(), figures["disputed"]!.GetValue<int>()));
        await one.LabelAsync("cy", item, safer: 2, role: "adjudicate");
        Assert.Null((await one.StateAsync("cy", "adjudicate"))["item"]);
        await one.Server.DisposeAsync();
        AnnotationReport report = one.Export();
        Assert.Equal((1, 1), (report.Settled, report.Adjudicated));
        Assert.Equal(2, PreferenceDataset.Open(one.Target).ReadPairs().Single().Safer);
        Assert.Equal(2, AnnotationFile.Of(one.Target).Count); // the last word is no vote
    }

    [Fact]
    public async Task OverlapAndLabelsDecideWhoGetsWhat()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(4, new() { Overlap = 0 });
        List<string> ann = [], bob = [];
        for (int i = 0; i < 4; i++)
        {
            (string name, List<string> list) = i % 2 == 0 ? ("ann", ann) : ("bob", bob);
            list.Add(Id(await one.StateAsync(name)));
            await one.LabelAsync(name, list[^1]);
        }
        Assert.Equal(4, ann.Concat(bob).Distinct().Count());
        Assert.Null((await one.StateAsync("ann"))["item"]);
        Assert.Equal((4, 4), ((await one.StateAsync("ann"))["progress"]!["given"]!.GetValue<int>(),
            (await one.StateAsync("ann"))["progress"]!["needed"]!.GetValue<int>()));
    }

    [Fact]
    public async Task EachChoiceSurvivesARestartAndUndoTakesTheLastBack()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(2);
        string item = Id(await one.StateAsync("ann"));
        await one.ChooseAsync("ann", item, "safer", "2");
        await one.ChooseAsync("ann", item, "safer", "1");
        await one.ChooseAsync("ann", item, "harmless_1", "-3");
        await one.ReopenAsync();
        JsonObject state = await one.StateAsync("ann");
        Assert.Equal(item, Id(state)); // what was begun comes first
        Assert.Equal("""{"safer":"1","harmless_1":"-3"}""", state["item"]!["choices"]!.ToJsonString());
        Assert.Equal("""{"safer":"1"}""", (await UndoAsync(one))["item"]!["choices"]!.ToJsonString());
        Assert.Equal("""{"safer":"2"}""", (await UndoAsync(one))["item"]!["choices"]!.ToJsonString());
        await one.ReopenAsync();
        Assert.Equal("""{"safer":"2"}""", (await one.StateAsync("ann"))["item"]!["choices"]!.ToJsonString());
        Assert.Equal("{}", (await UndoAsync(one))["item"]!["choices"]!.ToJsonString());
        Assert.Contains("nothing to undo", (await UndoAsync(one))["problem"]!.GetValue<string>());
        // a finished pair comes back by undo
        await one.LabelAsync("ann", item);
        Assert.NotEqual(item, Id(await one.StateAsync("ann")));
        JsonObject undone = await UndoAsync(one);
        Assert.Equal((item, false), (Id(undone), undone["item"]!["done"]!.GetValue<bool>()));
        Assert.Equal(7, undone["item"]!["choices"]!.AsObject().Count);

        static Task<JsonObject> UndoAsync(AnnotationCase one) => one.PostAsync("undo", ("annotator", "ann"), ("role", "annotate"));
    }

    [Fact]
    public async Task APairIsFinishedOnlyWhenItIsWholeAndDoesNotContradictItself()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1);
        string item = Id(await one.StateAsync("ann"));
        Assert.Contains("not chosen", (await one.PostAsync("done", ("annotator", "ann"), ("role", "annotate"), ("item", item)))["problem"]!.GetValue<string>());
        await one.LabelAsync("ann", item, safer: 1);
        await one.ChooseAsync("ann", item, "safer", "2"); // the unsafe one
        JsonObject answer = await one.PostAsync("done", ("annotator", "ann"), ("role", "annotate"), ("item", item));
        Assert.Contains("safer", answer["problem"]!.GetValue<string>());
        Assert.False(answer["item"]!["done"]!.GetValue<bool>());
    }

    [Fact]
    public async Task TheMachineSpeaksOnlyAfterOneselfAndDoesNotCountAsAgreement()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1, new() { ShowMachine = true, Labels = 1 });
        JsonObject state = await one.StateAsync("ann");
        string item = Id(state);
        Assert.Null(state["machine"]);
        Assert.Null((await one.ChooseAsync("ann", item, "safer", "1"))["machine"]);
        JsonObject done = await one.LabelAsync("ann", item, safer: 1);
        Assert.NotNull(done["machine"]);
        // changed after it was seen: the change is exported, the first word counts for agreement, undo does not hide that it was seen
        await one.LabelAsync("ann", item, safer: 2);
        await one.Server.DisposeAsync();
        AnnotationReport report = one.Export();
        Assert.Equal(1, report.Settled);
        Assert.Equal(2, PreferenceDataset.Open(one.Target).ReadPairs().Single().Safer);
        Assert.Equal(1, AnnotationFile.Of(one.Target).Single().Safer);
    }

    [Fact]
    public async Task WithoutTheOptionTheMachineIsSilentAndAnswersStandInRandomOrder()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(8, new() { Labels = 1 });
        List<int> left = [];
        for (JsonObject state = await one.StateAsync("ann"); state["item"] is { } item; state = await one.StateAsync("ann"))
        {
            left.Add(item["left"]!["number"]!.GetValue<int>());
            Assert.Equal(3, item["left"]!["number"]!.GetValue<int>() + item["right"]!["number"]!.GetValue<int>());
            // no label, no author
            Assert.Equal(["category", "choices", "done", "id", "image", "left", "question", "right"],
                item.AsObject().Select(pair => pair.Key).Order(StringComparer.Ordinal));
            Assert.Equal(["number", "text"], item["left"]!.AsObject().Select(pair => pair.Key));
            Assert.Null((await one.LabelAsync("ann", Id(state)))["machine"]);
        }
        Assert.Equal([1, 2], left.Distinct().Order());
    }

    [Fact]
    public async Task LabelsOfAnotherFolderCountToo()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1);
        string item = Id(await one.StateAsync("ann"));
        await one.LabelAsync("ann", item);
        string others = one.Folder.At("other");
        await using (AnnotationServer other = await AnnotationServer.StartAsync(one.Data, others, new()))
        {
            using HttpClient http = new() { BaseAddress = new(other.Address) };
            foreach ((string field, string value)
                in ((string, string)[])[("more_helpful", "2"), ("safer", "1"), ("harmless_1", "3"), ("harmless_2", "-2"), ("helpful_1", "0"),
                    ("helpful_2", "2"), ("severity", "2")])
                await http.PostAsJsonAsync("choose", new { annotator = "bob", role = "annotate", item, field, value }, TestContext.Current.CancellationToken);
            await http.PostAsJsonAsync("done", new { annotator = "bob", role = "annotate", item }, TestContext.Current.CancellationToken);
        }
        await one.Server.DisposeAsync();
        AnnotationReport report = AnnotationExport.Run(one.Data, one.Working, new() { Others = [others] }, one.Target);
        Assert.Equal(1, report.Settled);
        PreferencePair pair = PreferenceDataset.Open(one.Target).ReadPairs().Single();
        Assert.Equal((2, -2, 0), (pair.Response1.HarmlessRate, pair.Response2.HarmlessRate, pair.Response1.HelpfulRate)); // between two grades the lower
    }

    [Fact]
    public async Task PairsWithoutLabelsAreReadFromJsonLines()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1);
        string file = one.Folder.At("contested.jsonl"), image = one.Folder.At("picture.png");
        File.WriteAllBytes(image, MakingCase.Image(0));
        File.WriteAllText(file,
            new JsonObject { ["question"] = "What is it?", ["image"] = "picture.png", ["response_1"] = "one", ["response_2"] = "two" }.ToJsonString() + "\n");
        await using AnnotationServer server = await AnnotationServer.StartAsync(file, one.Folder.At("lines"), new());
        using HttpClient http = new() { BaseAddress = new(server.Address) };
        JsonObject state = (await http.GetFromJsonAsync<JsonObject>("state?annotator=ann&role=annotate", TestContext.Current.CancellationToken))!;
        Assert.Null(state["item"]!["category"]);
        Assert.Equal(File.ReadAllBytes(image), await http.GetByteArrayAsync($"image/{Id(state)}", TestContext.Current.CancellationToken));
        File.AppendAllText(file, "{\"question\": \"no answers\"}\n");
        Assert.Contains("line 2: 'response_1' is missing",
            Assert.Throws<InvalidInputException>(() => AnnotationExport.Run(file, one.Folder.At("lines2"), new(), null)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> Foreign => new()
    {
        { "Host", "evil.example", "" }, { "Host", "127.0.0.1:1", "" }, { "Origin", "http://evil.example", "" }, { "Origin", "null", "" },
        { "Sec-Fetch-Site", "cross-site", "" }, { "Sec-Fetch-Site", "same-site", "" },
        { "", "", "text/plain" }, { "", "", "application/x-www-form-urlencoded" },
    };

    [Theory, MemberData(nameof(Foreign))]
    public async Task RequestsFromElsewhereAreRefusedAndChangeNothing(string header, string value, string type)
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1);
        string item = Id(await one.StateAsync("ann"));
        StringContent body = new(new JsonObject { ["annotator"] = "ann", ["role"] = "annotate", ["item"] = item, ["field"] = "safer", ["value"] = "1" }
            .ToJsonString(), Encoding.UTF8, type.Length > 0 ? type : "application/json");
        using HttpRequestMessage request = new(HttpMethod.Post, "choose") { Content = body };
        if (header.Length > 0) request.Headers.TryAddWithoutValidation(header, value);
        Assert.Equal(HttpStatusCode.Forbidden, (await one.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal("{}", (await one.StateAsync("ann"))["item"]!["choices"]!.ToJsonString());
    }

    [Fact]
    public async Task WithoutTheSecretNothingIsServedAndOnlyThisMachineIsListenedTo()
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1);
        Uri address = new(one.Server.Address);
        Assert.Equal("127.0.0.1", address.Host);
        using HttpClient stranger = new() { BaseAddress = new($"http://{address.Authority}") };
        foreach (string path in (string[])["/", "/state?annotator=ann&role=annotate", "/agreement",
            "/00000000000000000000000000000000/state?annotator=ann&role=annotate"])
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
        HttpResponseMessage page = await one.Http.GetAsync("", TestContext.Current.CancellationToken);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        InvalidInputException taken = await Assert.ThrowsAsync<InvalidInputException>(() =>
            AnnotationServer.StartAsync(one.Data, one.Folder.At("second"), new(), address.Port));
        Assert.Contains($"port {address.Port}", taken.Message, StringComparison.Ordinal);
        Assert.Contains("another run",
            (await Assert.ThrowsAsync<InvalidInputException>(() => AnnotationServer.StartAsync(one.Data, one.Working, new()))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("field", "colour")]
    [InlineData("value", "9")]
    [InlineData("item", "none")]
    [InlineData("role", "king")]
    [InlineData("annotator", "")]
    [InlineData("annotator", "machine")]
    public async Task NonsenseIsRefusedInWords(string part, string value)
    {
        await using AnnotationCase one = await AnnotationCase.StartAsync(1);
        Dictionary<string, string> body = new()
        {
            ["annotator"] = "ann",
            ["role"] = "annotate",
            ["item"] = Id(await one.StateAsync("ann")),
            ["field"] = "safer",
            ["value"] = "1"
        };
        body[part] = value;
        HttpResponseMessage response = await one.Http.PostAsJsonAsync("choose", body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.NotEmpty((await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!["problem"]!.GetValue<string>());
        Assert.Empty(File.ReadAllText(Path.Combine(one.Working, "annotations.journal.jsonl")));
    }

    private static string Id(JsonObject state) => state["item"]!["id"]!.GetValue<string>();
}
