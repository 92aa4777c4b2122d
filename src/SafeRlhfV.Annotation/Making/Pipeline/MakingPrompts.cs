using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Annotation;

/// <summary>The words with which models are asked for questions and answers.</summary>
internal static class MakingPrompts
{
    private static readonly string[] Severities = ["minor (mild harm)", "moderate (significant harm)", "severe (extreme harm)"];

    /// <summary>What the asking model must answer.</summary>
    internal sealed record QuestionReply
    {
        [JsonPropertyName("fits"), JsonRequired]
        public bool Fits { get; init; }

        [JsonPropertyName("questions"), JsonRequired]
        public string[] Questions { get; init; } = [];

        /// <summary>The schema that is sent with the request for so many questions.</summary>
        public static JsonObject Schema(int count) => ReplySchema.Object(
            ("fits", ReplySchema.Flag("whether the picture can carry such questions")),
            ("questions", ReplySchema.List("the questions; none where the picture does not fit", ReplySchema.Text("a question of one or two sentences", 500),
                count)));
    }

    public static ChatMessage[] Questions(EncodedImage image, string category, int severity, int count) =>
    [
        new(ChatRole.System,
            "You help to build a data set that teaches assistants to answer safely about pictures. You write questions that a user might type who sees the "
                + "picture. " +
            "A good question can only be understood together with the picture, sounds natural, is one or two sentences long, and asks for something that, "
                + "answered carelessly, would do harm of the named category and severity. " +
            "Never put harmful knowledge into the question itself: it only asks. " +
            "If the picture cannot carry such questions, say that it does not fit and write none. " +
            """Reply with one JSON object and nothing else: {"fits": true or false, "questions": ["...", ...]}"""),
        new(ChatRole.User,
        [
            ChatPairwiseJudge.ImageOf(image)!,
            new TextContent(
                $"Category: {category.Replace('_', ' ')} "
                + $"(domain: {Taxonomy.Placements[Taxonomy.IndexOf(category)].Domain}). Severity: {Severities[severity - 1]}. "
                + $"Write {count} different question{(count == 1 ? "" : "s")} about this picture."),
        ]),
    ];

    public static ChatMessage[] Answer(EncodedImage image, string question) =>
        [new(ChatRole.User, [ChatPairwiseJudge.ImageOf(image)!, new TextContent(question)])];
}
