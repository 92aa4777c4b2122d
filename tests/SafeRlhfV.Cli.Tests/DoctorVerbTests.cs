using System.Diagnostics;
using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary><c>doctor</c> tells what this machine has. Drivers and MPI libraries that it lacks are small stand-ins, made by the C compiler.</summary>
public sealed class DoctorVerbTests
{
    private const string Driver = """
        #include <string.h>
        #include <stddef.h>
        static int started;
        int cuDriverGetVersion(int* version) { *version = DRIVER; return 0; }
        int cuInit(unsigned int flags) { started = 1; return START; }
        int cuDeviceGetCount(int* count) { *count = 2; return started ? 0 : 3; }
        int cuDeviceGet(int* device, int ordinal) { *device = 40 + ordinal; return 0; }
        int cuDeviceGetName(char* name, int length, int device) { strncpy(name, device == 40 ? "Card A" : "Card B", length); return 0; }
        int cuDeviceTotalMem_v2(size_t* bytes, int device) { *bytes = device == 40 ? 85520809984 : 25769803776; return 0; }
        int cuDeviceGetAttribute(int* value, int attribute, int device)
        {
            *value = attribute == 75 ? (device == 40 ? 9 : 7) : attribute == 76 ? (device == 40 ? 0 : 5) : -1;
            return 0;
        }
        """;

    private const string StandardMpi = """
        #include <string.h>
        int MPI_Abi_get_version(int* major, int* minor) { *major = 1; *minor = 0; return 0; }
        int MPI_Get_library_version(char* text, int* length)
        {
            strcpy(text, "Stand-in MPI 5.0.1, package somebody\nBuilt: today");
            *length = strlen(text);
            return 0;
        }
        """;

    [Fact]
    public async Task ItTellsWhatThisMachineHas()
    {
        CliRun run = await CliRun.Of("doctor", "--json"), lines = await CliRun.Of("doctor");
        Assert.Equal((0, 0), (run.ExitCode, lines.ExitCode));
        JsonElement report = run.Json;
        Assert.Equal(Environment.ProcessorCount, report.GetProperty("cores").GetInt32());
        Assert.Equal(System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription, report.GetProperty("runtime").GetString());
        Assert.Equal(JsonValueKind.Null, report.GetProperty("cpuFault").ValueKind);
        Assert.StartsWith("2.10.", report.GetProperty("torch").GetProperty("version").GetString());
        Assert.False(report.GetProperty("torch").GetProperty("hasCuda").GetBoolean());
        long most = report.GetProperty("memoryBytes").GetInt64() + (1L << 30);
        Assert.InRange(report.GetProperty("freeBytes").GetInt64(), 1L << 26, most);
        foreach (JsonElement change in report.GetProperty("nativeChanges").EnumerateArray())
            Assert.Contains(change.GetProperty("words").GetString()!, lines.Output);
        Assert.Contains("missing for CUDA", lines.Output);
        Assert.NotEqual(0, report.GetProperty("missingForCuda").GetArrayLength());
    }

    [Theory]
    [InlineData(12080, 0, "12.8", null)]
    [InlineData(11080, 0, "11.8", "driver 525")]
    [InlineData(12040, 100, "12.4", "no device")]
    public async Task AnNvidiaDriverIsAsked(int driver, int start, string version, string? missing)
    {
        using TemporaryFolder folder = new();
        Compile(folder, Driver, "libcuda.so.1", $"-DDRIVER={driver}", $"-DSTART={start}");
        CliRun run = await CliRun.With("LD_LIBRARY_PATH", folder.Path, "doctor", "--json");
        Assert.True(run.ExitCode == 0, run.Errors);
        JsonElement cuda = run.Json.GetProperty("cuda");
        Assert.Equal(version, cuda.GetProperty("version").GetString());
        string[] gaps = [.. run.Json.GetProperty("missingForCuda").EnumerateArray().Select(gap => gap.GetString()!)];
        Assert.Contains(gaps, gap => gap.StartsWith("a libtorch with CUDA", StringComparison.Ordinal));
        Assert.DoesNotContain(gaps, gap => gap.Contains("libcuda.so.1", StringComparison.Ordinal));
        if (missing is not null) Assert.Contains(gaps, gap => gap.Contains(missing, StringComparison.Ordinal));
        if (start != 0) return;
        JsonElement[] devices = [.. cuda.GetProperty("devices").EnumerateArray()];
        Assert.Equal([("Card A", 85520809984, "9.0"), ("Card B", 25769803776, "7.5")],
            devices.Select(card =>
                (card.GetProperty("name").GetString(), card.GetProperty("bytes").GetInt64(), card.GetProperty("computeCapability").GetString())));
    }

    [Fact]
    public async Task AnMpiLibraryOfTheStandardAbiIsFound()
    {
        using TemporaryFolder folder = new();
        Compile(folder, StandardMpi, "libmpi_abi.so.1");
        CliRun run = await CliRun.With("LD_LIBRARY_PATH", folder.Path, "doctor", "--json");
        JsonElement found = run.Json.GetProperty("mpi").EnumerateArray().Single(mpi => mpi.GetProperty("file").GetString() == "libmpi_abi.so.1");
        Assert.Equal(("standard ABI", "Stand-in MPI 5.0.1"), (found.GetProperty("abi").GetString(), found.GetProperty("version").GetString()));
    }

    private static void Compile(TemporaryFolder folder, string source, string library, params string[] options)
    {
        string? compiler = new[] { "/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang" }.FirstOrDefault(File.Exists);
        Assert.SkipWhen(compiler is null, "there is no C compiler to make a stand-in with");
        File.WriteAllText(folder.At("library.c"), source);
        string[] arguments = ["-shared", "-fPIC", .. options, "-o", folder.At(library), folder.At("library.c")];
        using Process process = Process.Start(new ProcessStartInfo(compiler!, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }
}
