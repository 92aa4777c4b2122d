using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class TorchRuntimeTests
{
    [Fact]
    public void Numbers_outlive_the_collections_of_other_threads()
    {
        TorchRuntime.Prepare();
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(1));
        Thread collector = new(() =>
        {
            while (!end.IsCancellationRequested)
            {
                GC.Collect(0);
                Thread.Sleep(1);
            }
        });
        collector.IsBackground = true;
        collector.Start();
        using Tensor x = full([3], 3.0);
        for (int i = 0; !end.IsCancellationRequested; i++)
        {
            using Tensor power = x.pow(2 + i % 3);
            Assert.Equal((float)Math.Pow(3, 2 + i % 3), power[0].item<float>());
        }
        collector.Join();
    }

    [Fact]
    public void Freed_numbers_are_given_back_in_the_end()
    {
        TorchRuntime.Prepare();
        long before = Resident();
        for (int i = 0; i < 2_000_000; i++) ((Scalar)i).Dispose();
        Assert.True(Resident() - before < 64 << 20, "two million numbers were kept");
    }

    private static long Resident()
    {
        using System.Diagnostics.Process self = System.Diagnostics.Process.GetCurrentProcess();
        return self.WorkingSet64;
    }
}
