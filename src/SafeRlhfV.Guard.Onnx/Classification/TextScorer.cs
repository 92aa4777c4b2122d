using Microsoft.ML.OnnxRuntime.Tensors;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>A text classifier.</summary>
internal sealed class TextScorer : OnnxScorer
{
    private const string Ids = "input_ids", Mask = "attention_mask", Types = "token_type_ids";
    private const int MostInBatch = 16;

    private readonly OnnxSession session;
    private readonly TextEncoder encoder;
    private readonly LabelActivation activation;
    private readonly string[] inputs;
    private readonly int batch;

    /// <exception cref="InvalidInputException">The model does not take what the tokenizer makes.</exception>
    public TextScorer(OnnxFile file, TextEncoder encoder, IReadOnlyList<string> labels, LabelActivation activation, int threads)
    {
        (this.encoder, this.activation, Labels) = (encoder, activation, labels);
        session = OnnxSession.Open(file, threads, [Ids, Mask, Types], TensorElementType.Int64, "logits", rank: 2);
        inputs = [.. session.Inputs.Keys];
        CheckLabels(session, labels.Count);
        if (file.EmbeddingRows is { } rows && encoder.Size > rows)
            throw new InvalidInputException($"{Path.Combine(Path.GetDirectoryName(file.Path)!, "tokenizer.json")}: makes ids up to {encoder.Size - 1}, but the "
                + $"model's table has {rows} rows; the two do not belong together.");
        foreach ((string name, int[] shape) in session.Inputs)
            if (shape is not [_, -1]) throw session.Error($"its input {name} has the shape [{string.Join(", ", shape)}], but texts of any length are given");
        batch = session.Inputs[Ids][0] == 1 || file.IsDynamicallyQuantised ? 1 : MostInBatch;
    }

    public override IReadOnlyList<string> Labels { get; }

    /// <summary>How texts become windows.</summary>
    public TextEncoder Encoder => encoder;

    public override double[]?[] Score(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken)
    {
        double[]?[] scores = new double[]?[requests.Count];
        (int Request, TokenSequence Window)[] windows = [.. requests.SelectMany((request, i) => Encode(request).Select(window => (i, window)))
            .OrderBy(pair => pair.window.Ids.Length)];
        float[][] logits = Logits([.. windows.Select(one => one.Window)], cancellationToken);
        for (int i = 0; i < windows.Length; i++)
            scores[windows[i].Request] = Highest(scores[windows[i].Request], Probabilities(session, activation, logits[i]));
        return scores;
    }

    /// <summary>The model's numbers for each window. Those of a batch are filled up on the right to the longest.</summary>
    public float[][] Logits(IReadOnlyList<TokenSequence> windows, CancellationToken cancellationToken)
    {
        float[][] found = new float[windows.Count][];
        for (int start = 0, count; start < windows.Count; start += count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            count = Math.Min(batch, windows.Count - start);
            TokenSequence[] part = [.. windows.Skip(start).Take(count)];
            int length = part.Max(window => window.Ids.Length);
            long[][] values = [.. inputs.Select(name => Fill(part, length, name))];
            (float[] logits, long[] shape) = session.Run<long>(inputs, values, [count, length]);
            CheckRows(session, shape, count, Labels.Count);
            for (int i = 0; i < count; i++) found[start + i] = logits[(i * Labels.Count)..((i + 1) * Labels.Count)];
        }
        return found;
    }

    public override void Dispose() => session.Dispose();

    private IReadOnlyList<TokenSequence> Encode(ModerationRequest request) => request.Response is not { } answer ? encoder.Encode(request.Question)
        : encoder.IsPair ? encoder.Encode(request.Question, answer) : encoder.Encode(answer);

    private long[] Fill(TokenSequence[] windows, int length, string name)
    {
        long[] values = new long[windows.Length * length];
        if (name == Ids) Array.Fill(values, encoder.PadId);
        for (int row = 0; row < windows.Length; row++)
        {
            TokenSequence window = windows[row];
            for (int i = 0; i < window.Ids.Length; i++)
                values[row * length + i] = name switch { Ids => window.Ids[i], Mask => 1, _ => window.Types[i] };
        }
        return values;
    }
}
