using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SafeRlhfV.Cli.Tests;

public sealed class TensorMemoryTests
{
    [Fact]
    public void EveryBlockBeginsWhereTheWidestVectorMay()
    {
        List<Tensor> kept = [];
        for (int size = 1; size < 300_000; size = size * 5 / 3 + 1)
        {
            kept.Add(full([size], size % 251, ScalarType.Byte));
            Assert.Equal(0, Address(kept[^1]) % 64);
        }
        // no block runs into its neighbour
        foreach (Tensor one in kept) Assert.True(one.bytes.IndexOfAnyExcept((byte)(one.numel() % 251)) < 0);
        kept.ForEach(one => one.Dispose());
    }

    [Fact]
    public void AFreedBlockServesTheNextTensorOfItsSize()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return;
        int again = 0;
        const int Rounds = 100;
        for (int round = 0; round < Rounds; round++)
        {
            // live neighbours, so that free memory on either side cannot help
            using Tensor before = zeros(5_000), middle = zeros(40_000 + 16 * round), after = zeros(5_000);
            nint place = Address(middle);
            middle.Dispose();
            using Tensor next = zeros(40_000 + 16 * round);
            if (Address(next) == place) again++;
        }
        // other tests run beside this one and may take a block
        Assert.True(again > Rounds / 2, $"{again} of {Rounds} blocks were used again");
    }

    [Theory]
    [InlineData(1L << 44)]
    [InlineData(1L << 50)]
    [InlineData(long.MaxValue)]
    public void WhatIsTooLargeIsRefusedAsEver(long size)
    {
        // the address space ends below 2^47
        Exception error = Assert.ThrowsAny<Exception>(() => empty([size], ScalarType.Byte));
        Assert.Contains("memory", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void AnEmptyTensorHasNoMemory()
    {
        using Tensor none = empty(0);
        Assert.Equal(0, none.numel());
    }

    private static nint Address(Tensor tensor) => Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(tensor.bytes));
}
