namespace SafeRlhfV.Guard;

/// <summary>The published guards whose forms are known here.</summary>
public static class GuardProfiles
{
    /// <summary>All of them. A program may add its own.</summary>
    public static Registry<GuardProfile> All { get; } = new(profile => profile.Names,
        new LlamaGuardProfile(), new LlavaGuardProfile(), new GuardReasonerProfile(), new SafeGuardProfile(), new Qwen3GuardProfile(),
        new ShieldGemma2Profile());
}
