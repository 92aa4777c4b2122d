using SafeRlhfV.Guard;
using SafeRlhfV.Guard.Agents;

namespace Microsoft.Agents.AI;

/// <summary>Puts the guard into an agent's pipeline.</summary>
public static class GuardAgentBuilderExtensions
{
    /// <summary>
    /// Guards the agent that stands after it in the pipeline: what it is asked, and what it answers, with all its calls and their results. Moderator, policy
    /// and observer come from the services. An answer carries the guard's report: <c>response.AsChatResponse().GetGuardReport()</c>.
    /// </summary>
    /// <remarks>
    /// A withheld answer, and the turn it answered, is taken out of a session that keeps its history in memory. A conversation that a service keeps holds it
    /// still: there, guard the agent's chat client instead.
    /// </remarks>
    /// <param name="builder">The pipeline.</param>
    /// <param name="configure">Changes the options.</param>
    public static AIAgentBuilder UseGuard(this AIAgentBuilder builder, Action<GuardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Use((inner, services) => new GuardedAgent(inner, services, configure));
    }

    /// <summary>Guards the agent that stands after it in the pipeline with a moderator.</summary>
    /// <inheritdoc cref="UseGuard(AIAgentBuilder, Action{GuardOptions}?)"/>
    /// <param name="builder">The pipeline.</param>
    /// <param name="moderator">Judges prompts and answers.</param>
    /// <param name="configure">Changes the options.</param>
    public static AIAgentBuilder UseGuard(this AIAgentBuilder builder, IModerator moderator, Action<GuardOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(moderator);
        return builder.UseGuard(options =>
        {
            options.Moderator = moderator;
            configure?.Invoke(options);
        });
    }
}
