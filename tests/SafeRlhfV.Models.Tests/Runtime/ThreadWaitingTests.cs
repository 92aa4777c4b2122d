namespace SafeRlhfV.Models.Tests;

/// <summary>Threads spin while processors are free, and rest while they are not.</summary>
public sealed class ThreadWaitingTests
{
    private const double Free = 0.1, Crowded = 1;

    [Fact]
    public void AShortCrowdChangesNothing()
    {
        QueueGauge gauge = new();
        for (int round = 0; round < 50; round++)
        {
            for (int period = 0; period < 3; period++) Assert.True(gauge.MaySpin(Crowded));
            Assert.True(gauge.MaySpin(Free));
        }
    }

    [Fact]
    public void OnABusyMachineTheRestsGetLongerUpToALimit()
    {
        QueueGauge gauge = new();
        int[] rests = [.. Enumerable.Range(0, 8).Select(_ => Rest(gauge))];
        Assert.Equal([40, 80, 160, 320, 640, 640, 640, 640], rests);
    }

    [Fact]
    public void AfterALongFreeTimeTheFirstRestIsShortAgain()
    {
        QueueGauge gauge = new();
        for (int i = 0; i < 4; i++) Rest(gauge);
        for (int period = 0; period < 100; period++) Assert.True(gauge.MaySpin(Free));
        Assert.Equal(40, Rest(gauge));
    }

    [Fact]
    public void SpareThreadsComeAndGo()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc tells the threads on Linux alone");
        TorchSharp.torch.InitializeDeviceType(TorchSharp.DeviceType.CPU);
        SpareThreads? spare = SpareThreads.Find();
        Assert.SkipWhen(spare is null, "this build of libtorch does not use libgomp");
        for (int round = 0; round < 3; round++)
        {
            spare.Keep();
            spare.Keep();
            Await(spare.Count);
            spare.Release();
            spare.Release();
            Await(0);
        }
    }

    // periods until spinning is allowed, after it was forbidden
    private static int Rest(QueueGauge gauge)
    {
        int spun = 0, rest = 1;
        while (gauge.MaySpin(Crowded)) Assert.True(++spun < 10);
        while (!gauge.MaySpin(Crowded)) rest++;
        return rest;
    }

    // libgomp's threads have the name of the thread that they were made by
    private static void Await(int threads)
    {
        bool reached = SpinWait.SpinUntil(() => Named() == threads, TimeSpan.FromSeconds(30));
        Assert.True(reached, $"there are {Named()} spare threads, not {threads}");
    }

    private static int Named() => Directory.EnumerateDirectories("/proc/self/task").Count(thread =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, "comm")).TrimEnd() == SpareThreads.Name;
        }
        catch (IOException)
        {
            return false; // it has just ended
        }
    });
}
