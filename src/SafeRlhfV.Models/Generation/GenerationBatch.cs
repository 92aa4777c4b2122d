using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The state of one generation: the rows still running, their cache and mask, and what has come so far.</summary>
internal sealed class GenerationBatch : IDisposable
{
    // dropping ended rows copies the cache; it pays when this share of the running rows has ended
    private const double DropShare = 0.4;

    private readonly VisionLanguageModel model;
    private readonly GenerationPrompt prompt;
    private readonly GenerationSettings settings;
    private readonly TokenChooser chooser;
    private readonly KeyValueCache cache;
    private readonly GenerationRow[] texts;
    private readonly bool keepsText;
    private readonly List<float>[] logProbs;
    private readonly HashSet<int> ends;
    private readonly bool penalised;

    private readonly List<Tensor> owned = [];

    private RandomStream[] streams;
    private int[] rows;
    private long[] lastTokens = [];
    private Tensor mask_BK;
    private Tensor nextPositions_B1;
    private Tensor? seen_BV;

    public GenerationBatch(VisionLanguageModel model, GenerationPrompt prompt, GenerationSettings settings, IReadOnlyList<RandomStream>? streams)
    {
        (this.model, this.prompt, this.settings) = (model, prompt, settings);
        Tensor ids = prompt.Ids_BL;
        if (ids.dim() != 2 || ids.shape[1] == 0 || !prompt.Mask_BL.shape.SequenceEqual(ids.shape))
            throw new ArgumentException("Prompts need ids and a mask of the same shape [B, L], L > 0.", nameof(prompt));
        if (!prompt.Mask_BL.narrow(1, ids.shape[1] - 1, 1).all().item<bool>())
            throw new InvalidInputException("Generation: a prompt is padded on the right; pad prompts on the left.");
        model.CheckTexts(ids, prompt.Mask_BL, settings.MaxNewTokens);
        int count = (int)ids.shape[0] * settings.Samples;
        if (streams is not null && streams.Count != count)
            throw new ArgumentException($"{count} rows need as many streams, not {streams.Count}.", nameof(streams));
        this.streams = [.. streams ?? Enumerable.Range(0, count).Select(row => new RandomStream(settings.Seed, $"sampling/{row}"))];
        chooser = new TokenChooser(settings, model.ImageTokenId);
        penalised = settings.RepetitionPenalty != 1;
        ends = [.. settings.EosTokenIds];
        logProbs = [.. Enumerable.Range(0, count).Select(_ => new List<float>())];
        rows = [.. Enumerable.Range(0, count)];
        keepsText = TokenRules.NeedText(settings);
        texts = [.. ReadTexts()];
        int longest = texts.Max(text => text.Limit);
        cache = model.NewCache((int)ids.shape[0], (int)ids.shape[1] + longest);
        mask_BK = cat([prompt.Mask_BL.to(ScalarType.Bool), ones([ids.shape[0], longest], ScalarType.Bool, ids.device)], 1);
        nextPositions_B1 = zeros(0);
    }

    /// <summary>Runs the prompts and gives the first logits, [rows, V].</summary>
    public Tensor Start()
    {
        Tensor valid = prompt.Mask_BL.to(ScalarType.Bool);
        (Tensor positions, Tensor deltas_B1) = model.Positions(prompt.Ids_BL, valid, prompt.Images?.Images ?? []);
        Tensor hidden = prompt.Shared is { } shared
            ? SharedPrefill.Run(model, prompt, shared, valid, positions, cache)
            : model.Hidden(prompt.Ids_BL, valid, positions, prompt.Images, cache, from: prompt.Ids_BL.shape[1] - 1);
        Tensor logits = model.Logits(hidden.squeeze(1));
        nextPositions_B1 = valid.to(ScalarType.Int64).sum(1, keepdim: true).Plus(deltas_B1);
        if (penalised)
        {
            // padding is sent to a column of its own, which is cut off again
            using Scalar beyond = model.VocabularySize;
            Tensor ids = prompt.Ids_BL.masked_fill(valid.logical_not(), beyond).clamp(max: beyond);
            seen_BV = zeros([ids.shape[0], model.VocabularySize + 1], ScalarType.Bool, ids.device).scatter_(1, ids, ones_like(ids, ScalarType.Bool))
                .narrow(1, 0, model.VocabularySize).contiguous();
        }
        if (settings.Samples == 1) return logits;
        Tensor repeat = Scalars.Range(prompt.Ids_BL.shape[0], device: prompt.Ids_BL.device).repeat_interleave(settings.Samples);
        Select(repeat);
        return logits.index_select(0, repeat);
    }

    /// <summary>Takes the next token of every running row; false when none runs on.</summary>
    public bool Take(Tensor logits_BV, int step, Action<GeneratedToken>? onToken)
    {
        Tensor areFinite_B = logits_BV.isfinite().all(-1);
        (Tensor tokens_B, Tensor? logProbs_B) = chooser.Choose(logits_BV, seen_BV, step, streams, [.. rows.Select(row => texts[row])]);
        if (seen_BV is not null) seen_BV.scatter_(1, tokens_B.unsqueeze(1), ones_like(tokens_B, ScalarType.Bool).unsqueeze(1));
        lastTokens = tokens_B.cpu().data<long>().ToArray();
        bool[] areFinite = areFinite_B.cpu().data<bool>().ToArray();
        float[]? logs = logProbs_B?.cpu().data<float>().ToArray();
        int running = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            int row = rows[i];
            GenerationRow text = texts[row];
            if (text.Finish is not null) continue;
            if (!areFinite[i]) throw FiniteNumbers.Fault(model, "logits");
            int token = (int)lastTokens[i];
            if (keepsText) text.Text.Add(token);
            if (logs is not null) logProbs[row].Add(logs[i]);
            text.Take(token, ends, row, settings.Stop);
            if (text.Finish is null) running++;
            onToken?.Invoke(new GeneratedToken(row, step, token, logs?[i] ?? 0, text.Finish));
        }
        if (running > 0 && rows.Length - running > 0 && rows.Length - running >= DropShare * rows.Length) DropEnded();
        return running > 0;
    }

    /// <summary>Feeds the tokens just taken and gives the next logits.</summary>
    public Tensor Advance()
    {
        using IDisposable decoding = FewRowProducts.Decode();
        Device device = prompt.Ids_BL.device;
        Tensor ids = tensor(lastTokens, device: device).unsqueeze(1);
        Tensor hidden = model.Hidden(ids, mask_BK.narrow(1, 0, cache.Length + 1), nextPositions_B1, null, cache);
        nextPositions_B1.add_(Scalars.One, Scalars.One);
        return model.Logits(hidden).squeeze(1);
    }

    /// <summary>The responses.</summary>
    public GenerationResult Finish()
    {
        int longest = Math.Max(1, texts.Max(text => text.Response.Count));
        long[] ids = new long[texts.Length * longest];
        float[] logs = new float[ids.Length];
        Array.Fill(ids, settings.PadTokenId);
        for (int row = 0; row < texts.Length; row++)
            for (int at = 0; at < texts[row].Response.Count; at++)
            {
                ids[row * longest + at] = texts[row].Response[at];
                if (settings.LogProbs) logs[row * longest + at] = logProbs[row][at];
            }
        Device device = prompt.Ids_BL.device;
        Tensor tokens_BT = tensor(ids, device: device).view(texts.Length, longest);
        Tensor? logs_BT = settings.LogProbs ? tensor(logs, device: device).view(texts.Length, longest) : null;
        return new GenerationResult(
            tokens_BT.DetachFromDisposeScope(), [.. texts.Select(text => text.Response.Count)], logs_BT?.DetachFromDisposeScope(),
            [.. texts.Select(text => text.Finish ?? FinishReason.Length)]);
    }

    public void Dispose()
    {
        chooser.Dispose();
        cache.Dispose();
        foreach (Tensor tensor in owned) tensor.Dispose();
    }

    private IEnumerable<GenerationRow> ReadTexts()
    {
        long[] ids = prompt.Ids_BL.cpu().reshape(-1).data<long>().ToArray();
        bool[] valid = prompt.Mask_BL.to(ScalarType.Bool).cpu().reshape(-1).data<bool>().ToArray();
        int columns = (int)prompt.Ids_BL.shape[1];
        for (int start = 0; start < ids.Length; start += columns)
        {
            int[] text = [.. Enumerable.Range(start, columns).Where(at => valid[at]).Select(at => (int)ids[at])];
            int limit = Math.Min(settings.MaxNewTokens, settings.MaxLength - text.Length ?? int.MaxValue);
            if (limit < 1)
                throw new InvalidInputException($"Generation: the prompt has {text.Length} tokens, and max_length, which counts them, is "
                    + $"{settings.MaxLength}; raise it or set max_new_tokens.");
            for (int sample = 0; sample < settings.Samples; sample++) yield return new GenerationRow(keepsText ? [.. text] : [], text.Length, limit);
        }
    }

    private void DropEnded()
    {
        int[] kept = [.. Enumerable.Range(0, rows.Length).Where(i => texts[rows[i]].Finish is null)];
        Select(tensor(kept.Select(i => (long)i).ToArray(), device: prompt.Ids_BL.device));
        streams = [.. kept.Select(i => streams[i])];
        lastTokens = [.. kept.Select(i => lastTokens[i])];
        rows = [.. kept.Select(i => rows[i])];
    }

    private void Select(Tensor indices)
    {
        cache.SelectRows(indices);
        (mask_BK, nextPositions_B1) = (Keep(mask_BK, indices), Keep(nextPositions_B1, indices));
        if (seen_BV is not null) seen_BV = Keep(seen_BV, indices);
    }

    // the state outlives the step in which it is cut down
    private Tensor Keep(Tensor tensor, Tensor indices)
    {
        Tensor kept = tensor.index_select(0, indices).DetachFromDisposeScope();
        owned.Add(kept);
        return kept;
    }
}
