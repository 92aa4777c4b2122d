using System.Text.Json.Nodes;
using SafeRlhfV.Evaluation.Tests;

namespace SafeRlhfV.Annotation.Tests;

public sealed class AnnotationPageTests
{
    [Fact]
    public async Task ThePageWorksByKeyboardAloneInABrowser()
    {
        Browser.MustBeThere();
        await using AnnotationCase one = await AnnotationCase.StartAsync(3, new() { ShowMachine = true });
        (int code, string line) = await Browser.RunAsync("check-annotate.mjs", one.Server.Address);
        Assert.True(code == 0, line);
        // two by ann, one of them disputed by bob and settled by cy: the journal holds it all
        JsonObject figures = await one.GetAsync("agreement");
        Assert.Equal((1, 1, 0), (figures["settled"]!.GetValue<int>(), figures["adjudicated"]!.GetValue<int>(), figures["disputed"]!.GetValue<int>()));
    }
}
