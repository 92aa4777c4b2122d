namespace SafeRlhfV.Training;

/// <summary>The model that is trained.</summary>
public sealed record ModelRecipe
{
    /// <summary>The checkpoint folder that training starts from.</summary>
    [Place]
    public string Folder { get; init; } = "";

    /// <summary>Type of the weights; null = as they are stored, float16 as bfloat16 (float32 where the device has no bfloat16).</summary>
    public WeightType? Dtype { get; init; }

    /// <summary>cpu, cuda or cuda:N.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Train an adapter instead of all weights; null = all weights.</summary>
    public LoraRecipe? Lora { get; init; }
}
