using System.Collections.Concurrent;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Vision features of images, computed once while the tower is frozen and memory lasts; least recently used ones go first. Roles that share a tower's
/// weights share its cache. Without memory (0 bytes) nothing is kept, and gradients reach a tower that is trained.
/// </summary>
/// <param name="model">The model whose tower computes them.</param>
/// <param name="processing">Makes images ready for the tower.</param>
/// <param name="maxBytes">What may be kept.</param>
/// <param name="decodesLate">
/// Images are decoded here, when their features are asked for, and not where rows are encoded: with several ranks, each then decodes only the images of its
/// own rows.
/// </param>
public sealed class VisionCache(VisionLanguageModel model, ImageProcessor processing, long maxBytes, bool decodesLate = false) : IDisposable
{
    // small images go through the tower in groups of always the same size: an image's features must not depend, to the last bit, on how many were missing
    private const int Group = 16;

    private readonly ConcurrentDictionary<string, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> byUse = new();
    private long bytes;

    /// <summary>Features are kept, and no gradient reaches the tower.</summary>
    public bool Keeps => maxBytes > 0;

    /// <summary>Images are decoded when their features are asked for.</summary>
    public bool DecodesLate => decodesLate;

    /// <summary>The model whose tower computes them.</summary>
    public VisionLanguageModel Model => model;

    /// <summary>Where the model lies.</summary>
    public Device Device => model.Decoder.Embedding.Weight.device;

    /// <summary>The features of the samples' images, in order, one entry an image; null where there are none.</summary>
    /// <param name="samples">The texts whose images are wanted. Equal keys are the same images.</param>
    public VisionFeatures? Features(IEnumerable<EncodedSample> samples)
    {
        SampleImages[] images = [.. samples.Select(sample => sample.Images).OfType<SampleImages>()];
        if (images.Length == 0) return null;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable? noGrad = Keeps ? no_grad() : null;
        SampleImages[] missing = [.. images.Where(one => !Keeps || !entries.ContainsKey(one.Key)).DistinctBy(one => one.Key)];
        if (decodesLate && missing.Length > 1) AllCores.ForEach(missing, one => _ = one.Images);
        Dictionary<string, VisionFeatures> fresh = Compute(missing);
        VisionFeatures[] parts = [.. images.Select(one => fresh.GetValueOrDefault(one.Key) ?? Touch(one.Key))];
        VisionFeatures joined = new(
            cat([.. parts.Select(part => part.Hidden)], 0).MoveToOuterDisposeScope(),
            [.. Enumerable.Range(0, parts[0].Levels.Count).Select(level => cat([.. parts.Select(part => part.Levels[level])], 0).MoveToOuterDisposeScope())],
            [.. parts.SelectMany(part => part.Images)]);
        foreach ((string key, VisionFeatures features) in fresh) Keep(key, features);
        return joined;
    }

    /// <summary>How many rows and tokens the images of a key take, if their features are kept; else null. May be called from any thread at any time.</summary>
    public IReadOnlyList<ImageGeometry>? Find(string key) => entries.TryGetValue(key, out LinkedListNode<Entry>? node) ? node.Value.Features.Images : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Entry entry in byUse) entry.Dispose();
        byUse.Clear();
        entries.Clear();
    }

    private Dictionary<string, VisionFeatures> Compute(SampleImages[] missing)
    {
        Dictionary<string, VisionFeatures> made = [];
        bool small = missing.All(one => one.Images is [{ Geometry.Rows: 1 }]);
        foreach (SampleImages[] group in missing.Chunk(small ? Group : 1))
        {
            // filled up with the last image; what it gives there is not read
            ProcessedImage[] images = small
                ? [.. Enumerable.Range(0, Group).Select(i => group[Math.Min(i, group.Length - 1)].Images[0])]
                : [.. group[0].Images];
            using ImageInputs inputs = processing.Batch(images);
            VisionFeatures all = model.EncodeImages(inputs with { PixelValues = inputs.PixelValues.to(model.Decoder.Embedding.Weight.dtype, Device) });
            if (small)
                for (int i = 0; i < group.Length; i++)
                    made.Add(group[i].Key, new VisionFeatures(all.Hidden.narrow(0, i, 1), [.. all.Levels.Select(level => level.narrow(0, i, 1))],
                        [all.Images[i]]));
            else made.Add(group[0].Key, all);
        }
        return made;
    }

    private VisionFeatures Touch(string key)
    {
        LinkedListNode<Entry> node = entries[key];
        byUse.Remove(node);
        byUse.AddLast(node);
        return node.Value.Features;
    }

    private void Keep(string key, VisionFeatures features)
    {
        if (!Keeps) return;
        Entry entry = new(key, new VisionFeatures(Own(features.Hidden), [.. features.Levels.Select(Own)], features.Images));
        entries[key] = byUse.AddLast(entry);
        bytes += entry.Bytes;
        while (bytes > maxBytes && byUse.First is { } oldest)
        {
            byUse.RemoveFirst();
            entries.TryRemove(oldest.Value.Key, out _);
            bytes -= oldest.Value.Bytes;
            oldest.Value.Dispose();
        }

        // a slice would keep its whole batch alive
        static Tensor Own(Tensor slice) => slice.clone().DetachFromDisposeScope();
    }

    private sealed record Entry(string Key, VisionFeatures Features) : IDisposable
    {
        public long Bytes { get; } = new[] { Features.Hidden }.Concat(Features.Levels).Sum(tensor => tensor.numel() * tensor.element_size());

        public void Dispose()
        {
            Features.Hidden.Dispose();
            foreach (Tensor level in Features.Levels) level.Dispose();
        }
    }
}
