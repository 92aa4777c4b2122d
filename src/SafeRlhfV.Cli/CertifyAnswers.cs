using SafeRlhfV.Data;
using SafeRlhfV.Guard;
using SafeRlhfV.Inference;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>The answers that <c>certify</c> is about: a policy's to held-out rows, or those of a labelled data set; with their costs and labels.</summary>
internal sealed class CertifyAnswers
{
    /// <summary>The held-out data set.</summary>
    public required string Data { get; init; }

    /// <summary>Its split; null for all.</summary>
    public string? Split { get; init; }

    /// <summary>The most rows; null for all.</summary>
    public int? Limit { get; init; }

    /// <summary>Rows run together.</summary>
    public int BatchSize { get; init; }

    /// <summary>Standard deviations that are added to the mean of a cost model of several heads; null = none.</summary>
    public double? Pessimism { get; init; }

    /// <summary>A system message for both models; null for none.</summary>
    public string? System { get; init; }

    /// <summary>Type and device of both models.</summary>
    public required LoadOptions Options { get; init; }

    /// <summary>The data set's own names of categories.</summary>
    public IReadOnlyDictionary<string, string>? Categories { get; init; }

    /// <summary>Answers of a policy, one to each row.</summary>
    /// <param name="policy">Its folder: a checkpoint, an adapter or a run.</param>
    /// <param name="read">Settings of generation for a checkpoint's folder.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">A folder or row is unfit, or the policy was trained on these rows.</exception>
    public IReadOnlyList<CertifiedText> Generate(string policy, Func<string, TextSettings> read, CancellationToken cancellationToken)
    {
        const string adapterName = "adapter";
        (string folder, string? adapter) = ModelArguments.Find(policy, null);
        foreach (string place in new[] { folder, adapter }.OfType<string>()) ModelArguments.CheckKind(place, "certify --policy", ModelKind.Policy);
        CheckHeldOut(adapter ?? folder);
        TextSettings settings = read(folder) with { Adapter = adapter is null ? null : adapterName };
        if (settings.Tokens.Samples != 1)
            throw new InvalidInputException("--samples: a certificate rests on independent answers, so each prompt gets one; give more prompts instead.");
        ModelProcessor processor = ModelArguments.Processor(folder, null, null);
        using VisionLanguageModel model = ModelCheckpoint.Load(folder, Options);
        if (adapter is not null) model.Adapters.Load(adapterName, adapter);
        ChatGenerator generator = new(model, processor);
        ProgressView progress = new("certify: answers");
        List<CertifiedText> answers = [];
        ImageReader reader = new();
        int cut = 0;
        (IEnumerable<DatasetRow[]> batches, long count, _) = ModelArguments.Rows(Data, Split, Limit, BatchSize);
        foreach (DatasetRow[] batch in batches)
        {
            EncodedPrompt[] prompts = [.. batch.Select(row => ModelArguments.Encode(processor, row, System, reader: reader))];
            RandomStream[] streams = GenerationArguments.Streams(settings, answers.Count, batch.Length);
            foreach (TextCompletion answer in generator.Generate(prompts, settings, streams, cancellationToken: cancellationToken)
                .OrderBy(answer => answer.Prompt))
            {
                if (answer.Finish == FinishReason.Length) cut++;
                answers.Add(Text(batch[answer.Prompt], answer.Text, RecordParts.Category));
            }
            progress.Report(answers.Count, (int)Math.Min(count, int.MaxValue));
        }
        progress.Done($"{DataArguments.Count(answers.Count, "answer")}, {cut} cut at the most tokens");
        return answers;
    }

    /// <summary>Checks the cost model and what the rows must hold, before a policy answers them: its answers take long.</summary>
    /// <param name="cost">The cost model's folder; null for none.</param>
    /// <param name="seed">Seed of the world that the rows are from; null for rows of one's own.</param>
    /// <param name="needsCategories">Whether each row must have a category.</param>
    /// <exception cref="InvalidInputException">The folder holds no cost model, or a row is unfit.</exception>
    public void Check(string? cost, long? seed, bool needsCategories)
    {
        if (cost is not null) LocalCheckpoint.CheckScores(cost, "certify --cost", ModelKind.Cost, ModelKind.Scores);
        if (cost is not null) ModelArguments.CheckPessimism(Pessimism, ModelKinds.Heads(ResultFolder.Find(cost)));
        if (seed is null && !needsCategories) return;
        World[]? worlds = seed is { } own ? Worlds(own) : null;
        foreach (DatasetRow row in ModelArguments.Rows(Data, Split, Limit, BatchSize).Batches.SelectMany(batch => batch))
        {
            if (worlds is not null) PromptOf(worlds, seed!.Value, row);
            if (needsCategories && Text(row, "", RecordParts.Category).Certified.Category is null)
                throw new InvalidInputException($"{row.Position.File}: row {row.Position.Row} has no category of the taxonomy, and --by category needs one; "
                    + "map own names with --categories, or leave the option out.");
        }
    }

    /// <summary>The labelled answers that a flat data set holds.</summary>
    /// <exception cref="InvalidInputException">It has pairs, of which no policy wrote both answers, or a row is damaged.</exception>
    public IReadOnlyList<CertifiedText> Read()
    {
        (IEnumerable<DatasetRow[]> batches, _, RowLayout layout) = ModelArguments.Rows(Data, Split, Limit, BatchSize);
        if (layout != RowLayout.Flat)
            throw new InvalidInputException($"{Data}: has pairs of answers, and a certificate is about the one answer of a policy to each prompt; give "
                + "--policy, or a data set with one answer a row.");
        return [.. batches.SelectMany(batch => batch).Select(row =>
            Text(row, ModelArguments.Text(row, "response"), RecordParts.Answers | RecordParts.Labels | RecordParts.Category))];
    }

    /// <summary>The same answers with their costs.</summary>
    /// <param name="answers">One to each row, in order.</param>
    /// <param name="cost">The cost model's folder.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">The folder holds no cost model, or a text is too long.</exception>
    public IReadOnlyList<CertifiedText> Score(IReadOnlyList<CertifiedText> answers, string cost, CancellationToken cancellationToken)
    {
        (string folder, string? adapter) = ModelArguments.Find(cost, null);
        ModelArguments.CheckKind(ScoreModel.HeadFolder(folder, adapter), "certify --cost", ModelKind.Cost, ModelKind.Scores);
        using ScoreModel model = ScoreModel.Load(folder, Options, adapter);
        int output = model.Head.Outputs switch
        {
            1 => 0,
            ScoresTrainer.Outputs => 1,
            int many => throw new InvalidInputException($"{cost}: its head has {many} outputs, and a cost model has one (or two, reward and cost)."),
        };
        ChatScorer scorer = ModelArguments.Scorer(model, ModelArguments.Processor(folder, null, null), Pessimism);
        ProgressView progress = new("certify: costs");
        List<CertifiedText> scored = [];
        ImageReader reader = new();
        (IEnumerable<DatasetRow[]> batches, _, _) = ModelArguments.Rows(Data, Split, Limit, BatchSize);
        foreach (DatasetRow[] batch in batches)
        {
            CertifiedText[] part = [.. answers.Skip(scored.Count).Take(batch.Length)];
            EncodedPrompt[] prompts = [.. batch.Select(row => ModelArguments.Encode(scorer.Processor, row, System, reader: reader))];
            int[][] ids = [.. batch.Zip(prompts, part).Select(one => ModelArguments.Encode(scorer, one.First, one.Second, one.Third.Response))];
            IReadOnlyList<float[]> scores = scorer.Score(prompts, ids, cancellationToken);
            scored.AddRange(part.Zip(scores, (answer, score) => answer with { Certified = answer.Certified with { Cost = score[output] } }));
            progress.Report(scored.Count, answers.Count);
        }
        progress.Done($"{scored.Count} costs");
        return scored;
    }

    /// <summary>The same answers with the labels of the built-in world's exact rater.</summary>
    /// <param name="answers">One to each row, in order.</param>
    /// <param name="seed">Seed of the world that the rows are from.</param>
    /// <exception cref="InvalidInputException">A row is none of that world's.</exception>
    public IReadOnlyList<CertifiedText> Rate(IReadOnlyList<CertifiedText> answers, long seed)
    {
        World[] worlds = Worlds(seed);
        (IEnumerable<DatasetRow[]> batches, _, _) = ModelArguments.Rows(Data, Split, Limit, BatchSize);
        return [.. batches.SelectMany(batch => batch).Zip(answers, (row, answer) =>
        {
            WorldPrompt prompt = PromptOf(worlds, seed, row);
            int rate = Oracle.Rate(prompt, answer.Response).HarmlessRate;
            return answer with
            {
                Certified = answer.Certified with { Unsafe = rate < 0, Severity = (Severity)Math.Max(0, -rate) },
                IsHarmful = prompt.IsRisky,
            };
        })];
    }

    // a world of another seed, or without reasoning, has images of the same names, with other questions
    private static WorldPrompt PromptOf(World[] worlds, long seed, DatasetRow row) =>
        worlds.Select(world => world.FindPrompt(row.Image?.Path)).FirstOrDefault(prompt => prompt?.Text == row.Text("question")) is { } known ? known
            : throw new InvalidInputException($"{row.Position.File}: row {row.Position.Row} is not of the built-in world with seed {seed}; give the seed of "
                + "'world generate' or 'demo' with --world-seed.");

    private static World[] Worlds(long seed) => [new World(seed), new World(seed, reasoning: true)];

    private CertifiedText Text(DatasetRow row, string response, RecordParts parts)
    {
        ConversationRecord record = row.ToRecord(parts | RecordParts.Prompt, Categories);
        bool? isUnsafe = (parts & RecordParts.Labels) != 0 && record.Answers.Count > 0 ? record.Answers[0].Unsafe : null;
        return new(row.Text("question"), response, new($"{row.Position}", Unsafe: isUnsafe, Severity: isUnsafe == false ? Severity.None : null,
            Category: record.Labels.Category))
        { IsHarmful = record.Labels.PromptUnsafe };
    }

    // what a policy was trained on says nothing of what it will do
    private void CheckHeldOut(string folder)
    {
        string file = Path.Combine(folder, "recipe.yaml");
        if (!File.Exists(file)) return;
        Recipe recipe;
        try
        {
            recipe = RecipeReader.Load(file);
        }
        catch (InvalidInputException)
        {
            Output.Note($"{file}: cannot be read, so that it is not known which rows the policy was trained on.");
            return;
        }
        DataRecipe heldOut = new() { Folder = Data, Split = Split };
        foreach ((string key, DataRecipe data) in recipe.DataSets)
            if (data.MayShareRowsWith(heldOut))
                throw new InvalidInputException($"{Data}: the policy was trained on rows of it ({key}, split {data.Split ?? "all"}, in {file}); certify on "
                    + "rows that nothing was trained, tuned or chosen on, such as another split.");
    }
}
