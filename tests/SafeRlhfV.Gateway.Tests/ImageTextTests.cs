using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway.Tests;

public sealed class ImageTextTests
{
    private const string Image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC";

    [Theory]
    [InlineData("harmless words", "Passed")]
    [InlineData("forbidden words", "PromptRefused")] // found by a moderator of the gateway's
    [InlineData("project falcon", "PromptRefused")] // found by the policy's own category
    public async Task WordsInImagesGoToAllOtherModerators(string words, string outcome)
    {
        ModeratorKinds.Register<StubReaderKind>();
        await using RunningGateway gateway = await RunningGateway.StartAsync(moderators: $"  - {{ kind: stub-reader, words: {words} }}",
            policy: "own_categories: [ { name: code_names, keywords: [ project falcon ] } ]");
        await gateway.PostAsync("/v1/chat/completions", $$$"""
            {"model":"ours","messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},
              {"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Image}}}"}}]}]}
            """);
        Assert.Equal([outcome], await gateway.OutcomesAsync());
    }

    [Fact]
    public async Task AReaderAloneJudgesNoTexts()
    {
        ModeratorKinds.Register<StubReaderKind>();
        await using RunningGateway gateway = await RunningGateway.StartAsync(moderators: "  - { kind: stub-reader, words: words }");
        GatewaySettings alone = gateway.Settings with { Moderators = [gateway.Settings.Moderators[^1]], AuditTrail = null };
        Assert.Contains("judges texts", Assert.Throws<InvalidInputException>(() => GatewayHost.Build(alone)).Message);
    }

    private sealed class StubReaderKind : ModeratorKind
    {
        public override string Name => "stub-reader";

        public override ModeratorSettings Read(YamlSection section, string folder) => new Settings(section.Required("words"));

        private sealed record Settings(string Words) : ModeratorSettings
        {
            public override IModerator Open(ModeratorParts parts) => new ImageTextModerator(new Reader(Words), parts.All!);
        }

        private sealed class Reader(string words) : IImageTextReader
        {
            public string Name => "stub-reader";

            public Task<IReadOnlyList<string>> ReadAsync(ModerationImage image, CancellationToken cancellationToken = default) =>
                Task.FromResult<IReadOnlyList<string>>([words]);
        }
    }
}
