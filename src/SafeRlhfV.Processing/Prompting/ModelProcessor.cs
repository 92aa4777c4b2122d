namespace SafeRlhfV.Processing;

/// <summary>
/// Turns conversations into a model's input and its tokens into text: tokenizer, image processor and chat format of one checkpoint folder
/// (what Hugging Face calls the processor). Safe to share between threads.
/// </summary>
public sealed class ModelProcessor
{
    private readonly int endOfAnswer;
    private readonly HashSet<int> ends;
    private volatile KnownImage? last; // several questions about one image come one after another

    /// <summary>Joins the parts of a processor.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="from">The folder of tokenizer_config.json, which names the special tokens.</param>
    /// <param name="model">What the model's configuration says.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="images">The image processor.</param>
    /// <param name="chat">The chat format.</param>
    /// <exception cref="InvalidInputException">The parts do not go with each other.</exception>
    public ModelProcessor(string folder, string from, ModelFacts model, Tokenizer tokenizer, ImageProcessor images, ChatFormat chat)
    {
        (Folder, Model, Tokenizer, Images, Chat) = (folder, model, tokenizer, images, chat);
        string feature = images.FeatureToken ?? chat.ImageToken;
        if (new[] { chat.ImageToken, feature }.FirstOrDefault(token => tokenizer.IdOf(token) is null) is { } missing)
            throw new InvalidInputException($"{folder}: the tokenizer has no token '{missing}', which stands in the text for an image.");
        if (tokenizer.IdOf(feature) is var imageToken && imageToken != model.ImageTokenId)
            throw new InvalidInputException($"{folder}: config.json says that image tokens are {model.ImageTokenId}, the tokenizer's '{feature}' is "
                + $"{imageToken}.");
        SpecialTokens special = SpecialTokens.Load(from, tokenizer);
        IReadOnlyList<int> named = model.EosTokenIds.Count > 0 ? model.EosTokenIds : special.Eos is { } eos ? [eos] : [];
        if (named.Count == 0)
            throw new InvalidInputException($"{folder}: neither generation_config.json, config.json nor tokenizer_config.json names an end token "
                + "(eos_token_id, eos_token).");
        PadTokenId = model.PadTokenId ?? special.Pad ?? named[0];
        endOfAnswer = chat.EndOfAnswer is not { } end ? named[0]
            : tokenizer.IdOf(end) ?? (chat is TemplateChatFormat ? named[0] : null as int?)
                ?? throw new InvalidInputException($"{folder}: the tokenizer has no token '{end}', which ends an answer in this chat format.");
        if (chat.Reasoning is { Close: var close } && tokenizer.IdOf(close) is { } closing && tokenizer.IsSpecial(closing))
            throw new InvalidInputException($"{folder}: '{close}' is a special token, which decoding leaves out, so that the model's reasoning could not be "
                + "told from its answer; set special to false in tokenizer.json.");
        EosTokenIds = [.. named.Append(endOfAnswer).Distinct()];
        ends = [.. EosTokenIds];
    }

    /// <summary>The folder it was read from.</summary>
    public string Folder { get; }

    /// <summary>What config.json says.</summary>
    public ModelFacts Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The image processor.</summary>
    public ImageProcessor Images { get; }

    /// <summary>The chat format.</summary>
    public ChatFormat Chat { get; }

    /// <summary>Tokens that end an answer: those that the files name, and the end of a turn in the chat format.</summary>
    public IReadOnlyList<int> EosTokenIds { get; }

    /// <summary>The token that fills up a batch.</summary>
    public int PadTokenId { get; }

    /// <summary>Encodes a conversation up to where the model answers. No text of a turn is read for special tokens.</summary>
    /// <exception cref="InvalidInputException">The format cannot express the turns, leaves out an image, or a text gives the image token.</exception>
    public EncodedPrompt EncodePrompt(IReadOnlyList<ChatTurn> turns) => EncodePrompt(turns, addVisionId: false);

    /// <summary>As above; <paramref name="addVisionId"/> numbers the images where the family's template can.</summary>
    /// <exception cref="InvalidInputException">The format cannot express the turns, leaves out an image, or a text gives the image token.</exception>
    public EncodedPrompt EncodePrompt(IReadOnlyList<ChatTurn> turns, bool addVisionId)
    {
        IReadOnlyList<ChatSegment> rendered = Render(turns, addVisionId);
        ChatSegment[] placed = [.. rendered.Where(segment => segment.Kind == ChatSegmentKind.Image)];
        ImageProcessor processor = Images.ForImages(placed.Length);
        ProcessedImage[] images = [.. placed.Select((segment, at) =>
            Process(processor, segment.Image ?? throw new InvalidInputException($"Prompt: image {at + 1} is missing.")))];
        return Encode(turns, rendered, [.. images.Select(image => image.Geometry)], addVisionId) with { Images = images };
    }

    /// <summary>The same ids without pixels, for who needs their number alone. The turns' images need not be there.</summary>
    /// <param name="turns">The conversation.</param>
    /// <param name="geometries">What <see cref="ImageProcessor.Measure"/> of <see cref="ImageProcessor.ForImages"/> says of each image, in their
    /// order.</param>
    /// <exception cref="InvalidInputException">As of <see cref="EncodePrompt(IReadOnlyList{ChatTurn})"/>.</exception>
    public EncodedPrompt MeasurePrompt(IReadOnlyList<ChatTurn> turns, IReadOnlyList<ImageGeometry> geometries) => Encode(turns,
        Render(turns, addVisionId: false), geometries, addVisionId: false);

    private ProcessedImage Process(ImageProcessor processor, RgbImage image)
    {
        if (last is { } known && ReferenceEquals(known.Image, image) && ReferenceEquals(known.By, processor)) return known.Processed;
        ProcessedImage processed = processor.Process(image);
        last = new(image, processor, processed);
        return processed;
    }

    private IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatTurn> turns, bool addVisionId)
    {
        IReadOnlyList<ChatSegment> rendered = Chat.Render(turns, addGenerationPrompt: true, addVisionId);
        int placed = rendered.Count(segment => segment.Kind == ChatSegmentKind.Image), given = turns.Sum(turn => turn.Parts.OfType<ImagePart>().Count());
        return placed == given
            ? rendered
            : throw new InvalidInputException($"Prompt: the chat format of {Model.ModelType} leaves out {given - placed} of {given} images; give images in "
                + "users' turns only.");
    }

    private EncodedPrompt Encode(IReadOnlyList<ChatTurn> turns, IReadOnlyList<ChatSegment> rendered, IReadOnlyList<ImageGeometry> geometries, bool addVisionId)
    {
        int placed = rendered.Count(segment => segment.Kind == ChatSegmentKind.Image);
        if (Images.FeatureToken is not null && placed != geometries.Count)
            throw new ArgumentException($"{placed} images need as many geometries, not {geometries.Count}.", nameof(geometries));
        TextSegment[] segments = [.. Segments(rendered, geometries)];
        CheckOwnTokens(turns, segments);
        IReadOnlyList<int> textIds = Encode(segments);
        string text = string.Concat(rendered.Select(segment => segment.Text));
        return new EncodedPrompt(Expand(textIds, geometries), [], text)
        {
            Segments = segments,
            TextIds = textIds,
            Turns = WithoutImages(turns),
            AddVisionId = addVisionId
        };
    }

    /// <summary>Encodes one question, with an image and a system message if given.</summary>
    /// <exception cref="InvalidInputException">A text gives the image token.</exception>
    public EncodedPrompt EncodePrompt(string question, RgbImage? image, string? system = null)
    {
        ChatTurn asked = image is null ? ChatTurn.User(question) : ChatTurn.User(question, image);
        return EncodePrompt(system is null ? [asked] : [ChatTurn.System(system), asked]);
    }

    /// <summary>
    /// An answer's ids as they follow the prompt, ended by the end token. Prompt and answer are tokenised as one text, as the format joins them; where that
    /// would change the prompt's own ids, the answer is tokenised alone. Special tokens in the answer stay text.
    /// </summary>
    public int[] EncodeResponse(EncodedPrompt prompt, string response)
    {
        if (response.Length == 0) return [endOfAnswer];
        if (prompt.Segments.Count > 0)
        {
            TextSegment[] answer = [.. Chat.RenderAnswer(prompt.Turns, response, prompt.AddVisionId).Select(Segment)];
            IReadOnlyList<int> joint = Encode([.. prompt.Segments, .. answer]);
            if (joint.Take(prompt.TextIds.Count).SequenceEqual(prompt.TextIds)) return [.. joint.Skip(prompt.TextIds.Count), endOfAnswer];
        }
        return [.. Tokenizer.Encode(response, addSpecialTokens: false, parseSpecialTokens: false), endOfAnswer];
    }

    /// <summary>The text of an answer: up to the first end token, without special tokens, as it is decoded (a blank at its start stays).</summary>
    public string DecodeResponse(IEnumerable<int> ids) => Tokenizer.Decode(ids.TakeWhile(id => !ends.Contains(id)));

    /// <summary>The same with special tokens: some checkpoints mark thoughts by such.</summary>
    public string DecodeWithMarks(IEnumerable<int> ids) => Tokenizer.Decode(ids.TakeWhile(id => !ends.Contains(id)), skipSpecialTokens: false);

    // a prompt that is kept must not keep its images as they were read
    private static IReadOnlyList<ChatTurn> WithoutImages(IReadOnlyList<ChatTurn> turns) =>
        [.. turns.Select(turn => turn with { Parts = [.. turn.Parts.Select(part => part is ImagePart ? new ImagePart(null) : part)] })];

    // a family may write an image's tokens out, with text of its own around them
    private IEnumerable<TextSegment> Segments(IReadOnlyList<ChatSegment> rendered, IReadOnlyList<ImageGeometry> geometries)
    {
        int images = 0;
        foreach (ChatSegment segment in rendered)
            yield return segment.Kind == ChatSegmentKind.Image && images < geometries.Count && Images.TextOf(geometries[images++]) is { } written
                ? new TextSegment(written, true) : Segment(segment);
    }

    private static TextSegment Segment(ChatSegment segment) => new(segment.Text, segment.Kind is ChatSegmentKind.Format or ChatSegmentKind.Image);

    // a format that writes the begin token itself gets no second one
    private IReadOnlyList<int> Encode(IReadOnlyList<TextSegment> segments) =>
        Tokenizer.Encode(segments, addSpecialTokens: Model.DoublesBegin || !(Chat.BeginToken is { Length: > 0 } begin
            && segments is [{ ParseSpecialTokens: true } first, ..] && first.Text.StartsWith(begin, StringComparison.Ordinal)));

    // a template may write special tokens in a way that hides that they are its own; they would be encoded as text
    private void CheckOwnTokens(IReadOnlyList<ChatTurn> turns, IReadOnlyList<TextSegment> segments)
    {
        if (Chat is not TemplateChatFormat) return;
        string given = string.Join('\0', turns.SelectMany(turn => turn.Parts.OfType<TextPart>().Select(part => part.Text).Append(turn.Reasoning ?? "")));
        string foreign = string.Join('\0', segments.Where(segment => !segment.ParseSpecialTokens).Select(segment => segment.Text));
        foreach (string token in Tokenizer.AddedTokens)
            if (!string.IsNullOrWhiteSpace(token) && foreign.Contains(token, StringComparison.Ordinal) && !given.Contains(token, StringComparison.Ordinal))
                throw new InvalidInputException($"{Folder}: its chat template writes '{token}' in a way that hides whether it comes from the conversation; "
                    + "name a format with --chat-format, or change the template.");
    }

    private int[] Expand(IReadOnlyList<int> ids, IReadOnlyList<ImageGeometry> images)
    {
        int placeholders = ids.Count(id => id == Model.ImageTokenId);
        bool isWritten = Images.FeatureToken is not null;
        if (placeholders != (isWritten ? images.Sum(image => image.Tokens) : images.Count))
            throw new InvalidInputException($"Prompt: its text holds '{Images.FeatureToken ?? Chat.ImageToken}', which this tokenizer cannot tell from an "
                + $"image's token ({placeholders} for {images.Count} images); take it out of the text.");
        if (isWritten) return [.. ids];
        int[] expanded = new int[ids.Count - images.Count + images.Sum(image => image.Tokens)];
        int at = 0, picture = 0;
        foreach (int id in ids)
        {
            int count = id == Model.ImageTokenId ? images[picture++].Tokens : 1;
            expanded.AsSpan(at, count).Fill(id);
            at += count;
        }
        return expanded;
    }

    private sealed record KnownImage(RgbImage Image, ImageProcessor By, ProcessedImage Processed);
}
