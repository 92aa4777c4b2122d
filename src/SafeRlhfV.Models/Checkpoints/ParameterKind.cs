namespace SafeRlhfV.Models;

/// <summary>What a parameter is; a random initialisation treats each kind in its own way.</summary>
public enum ParameterKind
{
    /// <summary>Matrix of a linear layer, [out, in].</summary>
    LinearWeight,

    /// <summary>Bias of a linear layer.</summary>
    LinearBias,

    /// <summary>Embedding table.</summary>
    Embedding,

    /// <summary>Scale of a norm: ones.</summary>
    NormWeight,

    /// <summary>Shift of a norm, or a scale that is stored without its 1: zeros.</summary>
    NormBias,

    /// <summary>Kernel of a convolution.</summary>
    ConvolutionWeight,

    /// <summary>Class token, positions, newline: small random numbers.</summary>
    Token,

    /// <summary>Scale of what a block adds to its input: a tenth, as transformers' configs have it.</summary>
    LayerScale,
}
