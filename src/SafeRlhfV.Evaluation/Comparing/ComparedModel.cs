namespace SafeRlhfV.Evaluation;

/// <summary>A model that is compared.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Model">Its folder, or its name at a service; empty where a result does not say.</param>
public sealed record ComparedModel(string Name, string Model);
