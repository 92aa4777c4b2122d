namespace SafeRlhfV.Core;

/// <summary>
/// The one place where a thread waits for a task: for a task that has ended already, for a library that offers no other way, or on a thread that has nothing
/// else to do. Elsewhere tasks are awaited.
/// </summary>
public static class TaskResult
{
    /// <summary>The task's result; its own exception where it failed.</summary>
    public static T Of<T>(Task<T> task) => task.GetAwaiter().GetResult();

    /// <summary>The task's result; its own exception where it failed.</summary>
    public static T Of<T>(ValueTask<T> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : task.AsTask().GetAwaiter().GetResult();
}
