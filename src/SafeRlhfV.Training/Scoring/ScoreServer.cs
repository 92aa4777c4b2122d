namespace SafeRlhfV.Training;

/// <summary>The program that serves score models.</summary>
public enum ScoreServer
{
    /// <summary>vLLM: its /classify, as recorded from 0.32.</summary>
    Vllm,
}
