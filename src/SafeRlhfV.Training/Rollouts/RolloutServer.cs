namespace SafeRlhfV.Training;

/// <summary>The program that serves the policy for rollouts.</summary>
public enum RolloutServer
{
    /// <summary>vLLM: chat completions, adapters and dev routes, as recorded from 0.32.</summary>
    Vllm,

    /// <summary>SGLang: its own /generate, written from its sources; it was not run.</summary>
    Sglang,
}
