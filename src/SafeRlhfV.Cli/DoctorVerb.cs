using System.CommandLine;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary><c>doctor</c>: what the program finds on this machine, and what is missing for a GPU.</summary>
internal static class DoctorVerb
{
    public static Command Create()
    {
        Option<bool> json = Output.JsonOption();
        Command command = new("doctor", "Tell what is found on this machine: .NET, libtorch, devices, memory, MPI, and what is missing for a GPU. "
            + "Exit 1 if not even the CPU computes. Example: safe-rlhf-v doctor") { json };
        command.SetAction((parsed, _) =>
        {
            MachineReport report = MachineReport.Look();
            if (parsed.GetValue(json)) Output.Json(report);
            else foreach (string line in Lines(report)) Output.Line(line);
            return Task.FromResult(report.CpuFault is null ? 0 : CliHost.CheckFailed);
        });
        return command;
    }

    private static IEnumerable<string> Lines(MachineReport report)
    {
        yield return Line("program", $"safe-rlhf-v {VersionOutput.Version}, {report.Runtime}, SDK {Or(string.Join(", ", report.Sdks), "not installed here")}");
        yield return Line("system", report.Platform);
        string instructions = Or(string.Join(", ", report.Instructions), "no wide instructions");
        yield return Line("processor", $"{report.Processor ?? "not known"}, {report.Cores} core{(report.Cores == 1 ? "" : "s")}; {instructions}");
        yield return Line("memory", $"{Size(report.MemoryBytes)}, {Size(report.FreeBytes)} for this process");
        yield return Line("libtorch", report.Torch is { } torch ? Words(torch) : "none loads");
        yield return Line("CPU", report.CpuFault ?? "computes, in float32 and bfloat16");
        foreach (NativeChange change in report.NativeChanges) yield return Line("in memory", $"{change.Name}: {change.Words}");
        string fault = report.Cuda?.Fault is { } why ? $", {why}" : "";
        yield return Line("GPU", report.Cuda is { } cuda ? $"driver for CUDA {cuda.Version}{fault}" : "no driver is found");
        foreach ((int index, GpuDevice gpu) in (report.Cuda?.Devices ?? []).Index())
            yield return Line($"cuda:{index}", $"{gpu.Name}, {Size(gpu.Bytes)}, {Size(gpu.FreeBytes)} free, compute capability {gpu.ComputeCapability}");
        if (report.Mpi.Count == 0) yield return Line("MPI", "none is found; only training by several processes needs it (apt-get install openmpi-bin)");
        foreach (MpiLibrary mpi in report.Mpi) yield return Line("MPI", $"{mpi.Abi}, {mpi.File}: {mpi.Version}");
        foreach (string missing in report.MissingForCuda) yield return Line("missing for CUDA", missing);
        if (report.MissingForCuda.Count == 0) yield return Line("CUDA", "nothing is missing; --set model.device=cuda, or --device cuda");
    }

    private static string Words(LoadedTorch torch) =>
        $"{torch.Version} {(torch.HasCuda ? "with CUDA" : "for the CPU")}, {torch.Folder}{(torch.IsOwn ? "" : $" ({TorchLibraries.Variable})")}";

    private static string Line(string name, string words) => $"{name,-16}  {words}";

    private static string Size(long? bytes) => bytes is { } known ? MemoryPlan.Size(known) : "not known how much";

    private static string Or(string text, string other) => text.Length > 0 ? text : other;
}
