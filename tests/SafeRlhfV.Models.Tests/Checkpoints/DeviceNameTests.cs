namespace SafeRlhfV.Models.Tests;

public sealed class DeviceNameTests
{
    [Theory]
    [InlineData("cpu", null)]
    [InlineData("cuda", 0)]
    [InlineData("cuda:0", 0)]
    [InlineData("cuda:127", 127)]
    public void Devices(string name, int? gpu)
    {
        Assert.True(DeviceName.TryParse(name, out int? read));
        Assert.Equal(gpu, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CPU")]
    [InlineData("cpu:0")]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda: 1")]
    [InlineData("cuda:128")]
    [InlineData("cuda:99999999999")]
    public void NoDevices(string name) => Assert.False(DeviceName.TryParse(name, out _));
}
