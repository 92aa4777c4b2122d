using System.Diagnostics;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>
/// The three kinds of handles, each against a small library that knows the constants of its kind and refuses others. Real libraries of two kinds run in
/// SafeRlhfV.Cli.Tests; there is none of the standard ABI yet, so that its constants are held here alone (MPI 5.0, section 20).
/// </summary>
public sealed unsafe class MpiCollectivesTests
{
    [Theory]
    [InlineData("standard ABI", "-DHANDLE=void* -DWORLD=0x101 -DBYTE=0x247 -DSERIALIZED=2048 -DSTANDARD")]
    [InlineData("MPICH", "-DHANDLE=int -DWORLD=0x44000000 -DBYTE=0x4c00010d -DSERIALIZED=2")]
    [InlineData("Open MPI", "-DHANDLE=void* -DWORLD=&ompi_mpi_comm_world -DBYTE=&ompi_mpi_byte -DSERIALIZED=2 -DOPEN_MPI")]
    public void CallsCarryTheHandlesOfTheLibrarysKind(string kind, string defines)
    {
        using TemporaryFolder folder = new();
        string library = Compile(folder, defines);
        using MpiCollectives mpi = MpiCollectives.Join(library, isOpenMpi: false);
        Assert.Equal((2, 3, $"{kind} ({library})"), (mpi.Rank, mpi.Size, mpi.Library));
        byte[] own = [1, 2], all = new byte[6];
        fixed (byte* sent = own, received = all)
        {
            mpi.AllGather((nint)sent, (nint)received, 2);
            Assert.Equal([1, 2, 1, 2, 1, 2], all);
            Array.Clear(all);
            mpi.Gather((nint)sent, (nint)received, 2);
            Assert.Equal([1, 2, 1, 2, 1, 2], all);
        }
        byte[] parts = [1, 2, 3, 4, 5, 6];
        fixed (byte* sent = parts, received = all)
        {
            mpi.AllToAll((nint)sent, (nint)received, 2);
            Assert.Equal([5, 6, 5, 6, 5, 6], all);
        }
    }

    [Fact]
    public void ALibraryThatIsNoMpiIsRefused()
    {
        using TemporaryFolder folder = new();
        string library = Compile(folder, "-DNOTHING");
        Assert.Contains("has no MPI_Init_thread", Assert.Throws<InvalidInputException>(() => MpiCollectives.Join(library, isOpenMpi: true)).Message);
    }

    private static string Compile(TemporaryFolder folder, string defines)
    {
        const string Source = """
            #include <string.h>
            #ifndef NOTHING
            
            #ifdef OPEN_MPI
            char ompi_mpi_comm_world, ompi_mpi_comm_self, ompi_mpi_byte;
            #endif
            #ifdef STANDARD
            int MPI_Abi_get_version(int *major, int *minor) { *major = 1; *minor = 0; return 0; }
            #endif
            #define IS_WORLD(x) ((x) == (HANDLE)(WORLD))
            #define IS_BYTE(x) ((x) == (HANDLE)(BYTE))
            int MPI_Init_thread(void *argc, void *argv, int required, int *provided) { *provided = required; return required == SERIALIZED ? 0 : 91; }
            int MPI_Comm_rank(HANDLE world, int *rank) { *rank = 2; return IS_WORLD(world) ? 0 : 92; }
            int MPI_Comm_size(HANDLE world, int *size) { *size = 3; return IS_WORLD(world) ? 0 : 93; }
            int MPI_Allgather(const char *own, int n, HANDLE type, char *all, int m, HANDLE type2, HANDLE world) {
                if (n != m || !IS_BYTE(type) || !IS_BYTE(type2) || !IS_WORLD(world)) return 94;
                for (int i = 0; i < 3; i++) memcpy(all + i * m, own, n);
                return 0;
            }
            int MPI_Gather(const char *own, int n, HANDLE type, char *all, int m, HANDLE type2, int root, HANDLE world) {
                return root == 0 ? MPI_Allgather(own, n, type, all, m, type2, world) : 95;
            }
            int MPI_Alltoall(const char *sent, int n, HANDLE type, char *received, int m, HANDLE type2, HANDLE world) {
                return MPI_Allgather(sent + 2 * n, n, type, received, m, type2, world);
            }
            int MPI_Abort(HANDLE world, int code) { return 0; }
            int MPI_Finalize(void) { return 0; }
            #endif
            """;
        string source = folder.At("stub.c"), library = folder.At("stub.so");
        File.WriteAllText(source, Source);
        Process? compiler = null;
        try
        {
            string[] arguments = [.. defines.Split(' '), "-shared", "-fPIC", "-w", "-o", library, source];
            compiler = Process.Start(new ProcessStartInfo("cc", arguments) { RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("No C compiler is installed (cc).");
        }
        using (compiler)
        {
            string errors = compiler!.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.True(compiler.ExitCode == 0, errors);
        }
        return library;
    }
}
