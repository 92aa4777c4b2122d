namespace SafeRlhfV.Guard;

/// <summary>A moderator that asks a service over the network.</summary>
public interface IRemoteModerator : IModerator
{
    /// <summary>The service's address; null where it is not known.</summary>
    Uri? Address { get; }
}
