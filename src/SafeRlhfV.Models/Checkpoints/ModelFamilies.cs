namespace SafeRlhfV.Models;

/// <summary>The families known here.</summary>
public static class ModelFamilies
{
    /// <summary>All of them. A program may add its own.</summary>
    public static Registry<ModelFamily> All
    {
        get;
    }
    = new(family => family.ModelTypes, new LlavaFamily(), new LlavaNextFamily(), new OneVisionFamily(), new InternVlFamily(), new Qwen2VlFamily(),
        new Qwen3VlFamily(), new GemmaFamily(), new ShieldGemmaFamily());

    /// <summary>The family of a `model_type`; null if there is none.</summary>
    public static ModelFamily? Find(string modelType) => All.Find(modelType);
}
