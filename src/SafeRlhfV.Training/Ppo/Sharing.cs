namespace SafeRlhfV.Training;

/// <summary>How the six roles of PPO lie in memory.</summary>
public enum Sharing
{
    /// <summary>Six models with all their parameters, as in the paper.</summary>
    None,

    /// <summary>One frozen backbone; each role is an adapter with, but for the policies, a head. The bare backbone is the reference.</summary>
    Backbone,
}
