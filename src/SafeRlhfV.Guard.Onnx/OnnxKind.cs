namespace SafeRlhfV.Guard.Onnx;

/// <summary>What a model judges.</summary>
public enum OnnxKind
{
    /// <summary>Whole images.</summary>
    Image,

    /// <summary>Texts.</summary>
    Text,

    /// <summary>Things in images.</summary>
    Detector,
}
