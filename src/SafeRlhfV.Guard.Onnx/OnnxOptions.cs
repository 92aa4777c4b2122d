namespace SafeRlhfV.Guard.Onnx;

/// <summary>How an ONNX folder is opened.</summary>
public sealed record OnnxOptions
{
    /// <summary>The model's file in the folder, such as onnx/model_quantized.onnx; null: model.onnx, else onnx/model.onnx.</summary>
    public string? File { get; init; }

    /// <summary>The file that says what the labels mean; null: labels.yaml in the folder.</summary>
    public string? Labels { get; init; }

    /// <summary>Categories beside the twenty that labels may be laid onto.</summary>
    public IReadOnlyList<OwnCategory> OwnCategories { get; init; } = [];

    /// <summary>The moderator's name; null: the folder's.</summary>
    public string? Name { get; init; }

    /// <summary>Threads of one run; 0: as many as there are cores.</summary>
    public int Threads { get; init; }
}
