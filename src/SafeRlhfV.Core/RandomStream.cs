using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Core;

/// <summary>
/// A named stream of random numbers (xoshiro256**, Blackman and Vigna 2018), seeded by (seed, name). The same on every machine and .NET version,
/// and its whole state is four numbers, so a checkpoint can hold it.
/// </summary>
public sealed class RandomStream
{
    private ulong s0, s1, s2, s3;

    /// <summary>Opens the stream called <paramref name="name"/> under <paramref name="seed"/>; other names give independent streams.</summary>
    public RandomStream(long seed, string name)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{name}"), hash);
        s0 = BitConverter.ToUInt64(hash);
        s1 = BitConverter.ToUInt64(hash[8..]);
        s2 = BitConverter.ToUInt64(hash[16..]);
        s3 = BitConverter.ToUInt64(hash[24..]);
    }

    /// <summary>The whole state (four words); setting it continues a saved stream exactly.</summary>
    public IReadOnlyList<ulong> State
    {
        get => [s0, s1, s2, s3];
        set
        {
            if (value.Count != 4 || value.All(word => word == 0)) throw new ArgumentException("A state is four words, not all zero.", nameof(value));
            (s0, s1, s2, s3) = (value[0], value[1], value[2], value[3]);
        }
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64()
    {
        ulong result = ulong.RotateLeft(s1 * 5, 7) * 9, t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = ulong.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double Uniform(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform integer in [0, count), without bias.</summary>
    public int NextInt(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ulong bound = (ulong)count, reject = (0 - bound) % bound;
        ulong bits;
        do bits = NextUInt64(); while (bits < reject);
        return (int)(bits % bound);
    }

    /// <summary>True with probability <paramref name="probability"/>.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>Standard normal (Box-Muller, one value a call, so that the state alone determines what follows).</summary>
    public double NextGaussian()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>One element, uniformly.</summary>
    public T Choice<T>(IReadOnlyList<T> items) => items[NextInt(items.Count)];

    /// <summary>An index drawn with the given (not necessarily normalised) weights.</summary>
    public int Weighted(ReadOnlySpan<double> weights)
    {
        double total = 0;
        foreach (double weight in weights) total += weight;
        double left = NextDouble() * total;
        for (int i = 0; i < weights.Length - 1; i++)
        {
            left -= weights[i];
            if (left < 0) return i;
        }
        return weights.Length - 1;
    }

    /// <summary>Fisher-Yates shuffle in place.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>The numbers 0 to count - 1 in random order.</summary>
    public int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        Shuffle(order.AsSpan());
        return order;
    }
}
