using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>A model opened by ONNX Runtime, with its inputs and the one output that counts checked.</summary>
internal sealed class OnnxSession : IDisposable
{
    private readonly InferenceSession session;
    private readonly RunOptions run = new();

    private OnnxSession(InferenceSession session, OnnxFile file, string output, int[] outputShape) =>
        (this.session, File, Output, OutputShape) = (session, file, output, outputShape);

    /// <summary>The file.</summary>
    public OnnxFile File { get; }

    /// <summary>The name of the output that is read.</summary>
    public string Output { get; }

    /// <summary>Its shape, -1 where it varies; empty where the file does not say.</summary>
    public int[] OutputShape { get; }

    /// <summary>The inputs' shapes by their names, -1 where one varies.</summary>
    public IReadOnlyDictionary<string, int[]> Inputs { get; private init; } = new Dictionary<string, int[]>();

    /// <summary>Opens a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="threads">Threads of one run; 0 = as many as there are cores.</param>
    /// <param name="inputs">The inputs that can be given, the first of which it must have; null: its only one, whatever its name.</param>
    /// <param name="element">The type of their values.</param>
    /// <param name="preferred">The name that the output goes by where there are several.</param>
    /// <param name="rank">Axes of the output.</param>
    /// <exception cref="InvalidInputException">It cannot be loaded, wants another input, or has no such output.</exception>
    public static OnnxSession Open(OnnxFile file, int threads, IReadOnlyList<string>? inputs, TensorElementType element, string preferred, int rank)
    {
        using SessionOptions options = new() { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        InferenceSession session = Guarded(file, "load", () => new InferenceSession(file.Path, options));
        try
        {
            if (inputs is null && session.InputMetadata.Count != 1)
                throw new InvalidInputException($"{file.Path}: wants {session.InputMetadata.Count} inputs, but the image alone can be given.");
            inputs ??= [.. session.InputMetadata.Keys];
            foreach ((string name, NodeMetadata node) in session.InputMetadata)
            {
                if (!inputs.Contains(name))
                    throw new InvalidInputException($"{file.Path}: wants the input '{name}', but only {string.Join(", ", inputs)} can be given.");
                if (!node.IsTensor || node.ElementDataType != element)
                    throw new InvalidInputException($"{file.Path}: its input {name} is {node.ElementDataType}, but {element} is given; export the model in "
                        + "float32.");
            }
            if (!session.InputMetadata.ContainsKey(inputs[0])) throw new InvalidInputException($"{file.Path}: has no input '{inputs[0]}'.");
            (string output, int[] shape) = FindOutput(session, file, preferred, rank);
            return new(session, file, output, shape) { Inputs = session.InputMetadata.ToDictionary(input => input.Key, input => input.Value.Dimensions) };
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Runs the model once.</summary>
    /// <returns>The output's values and shape.</returns>
    /// <exception cref="InvalidInputException">It cannot be run on these inputs.</exception>
    public (float[] Values, long[] Shape) Run<T>(IReadOnlyList<string> names, IReadOnlyList<T[]> values, long[] shape) where T : unmanaged
    {
        OrtValue[] inputs = [.. values.Select(value => OrtValue.CreateTensorValueFromMemory(value, shape))];
        try
        {
            return Guarded(File, "run", () =>
            {
                using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, names, inputs, [Output]);
                return (outputs[0].GetTensorDataAsSpan<float>().ToArray(), outputs[0].GetTensorTypeAndShape().Shape);
            });
        }
        finally
        {
            foreach (OrtValue input in inputs) input.Dispose();
        }
    }

    /// <summary>An error about the file.</summary>
    public InvalidInputException Error(string what) => new($"{File.Path}: {what}.");

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        run.Dispose();
        session.Dispose();
    }

    private static (string, int[]) FindOutput(InferenceSession session, OnnxFile file, string preferred, int rank)
    {
        // an output of unknown rank shows itself when it is run
        (string Name, NodeMetadata Node)[] floats = [.. session.OutputMetadata.Where(output => output.Value.IsTensor
            && output.Value.ElementDataType == TensorElementType.Float).Select(output => (output.Key, output.Value))];
        if (floats.FirstOrDefault(output => output.Name == preferred) is { Name: not null } named)
        {
            return named.Node.Dimensions.Length == rank || named.Node.Dimensions.Length == 0
                ? (named.Name, named.Node.Dimensions)
                : throw new InvalidInputException($"{file.Path}: its output {preferred} has {named.Node.Dimensions.Length} axes, but {rank} were expected.");
        }
        (string Name, NodeMetadata Node)[] fitting = [.. floats.Where(output => output.Node.Dimensions.Length == rank)];
        return fitting.Length == 1
            ? (fitting[0].Name, fitting[0].Node.Dimensions)
            : throw new InvalidInputException($"{file.Path}: has no output '{preferred}', and {(fitting.Length == 0 ? "none" : "more than one")} of float32 "
                + $"with {rank} axes (its outputs: {string.Join(", ", session.OutputMetadata.Keys)}).");
    }

    private static T Guarded<T>(OnnxFile file, string doing, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (OnnxRuntimeException error)
        {
            throw new InvalidInputException($"{file.Path}: ONNX Runtime cannot {doing} it ({ErrorText.FirstLine(error).TrimEnd('.')}).", error);
        }
    }
}
