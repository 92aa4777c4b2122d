namespace SafeRlhfV.Models;

/// <summary>The families known here.</summary>
public static class ModelFamilies
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } = [new LlavaFamily(), new LlavaNextFamily(), new Qwen2VlFamily(), new Qwen3VlFamily()];

    /// <summary>The family of a `model_type`; null if there is none.</summary>
    public static ModelFamily? Find(string modelType) => All.FirstOrDefault(family => family.ModelTypes.Contains(modelType));
}
