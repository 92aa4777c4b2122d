using System.Text.Encodings.Web;
using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>Annotations by hand as a BeaverTails-V data set and in figures.</summary>
public static class AnnotationExport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    /// <summary>Writes the settled pairs as a data set, with annotations.jsonl and annotation.json beside its card.</summary>
    /// <param name="data">What was annotated.</param>
    /// <param name="working">The working folder.</param>
    /// <param name="options">As they were when it was annotated.</param>
    /// <param name="target">The data set to write; null only counts.</param>
    /// <param name="split">The split that the pairs go to.</param>
    /// <param name="overwrite">Replace the target if it exists.</param>
    /// <exception cref="InvalidInputException">A folder cannot be used, or no pair is settled.</exception>
    public static AnnotationReport Run(string data, string working, AnnotationOptions options, string? target, string split = "train", bool overwrite = false)
    {
        using AnnotationStore store = new(data, working, options);
        AnnotationReport report = Report(store);
        return target is null ? report : Write(store, report, target, split, overwrite);
    }

    internal static AnnotationReport Report(AnnotationStore store)
    {
        int settled = 0, adjudicated = 0;
        foreach (AnnotationItem item in store.Items)
        {
            if (AnnotationQueue.Settle(store, item) is null) continue;
            settled++;
            if (store.LabelsOf(AnnotationStore.Adjudicate, item).Count > 0) adjudicated++;
        }
        IReadOnlyList<AnnotationRecord> records = AnnotationQueue.Records(store);
        AnnotationRecord[] machine = [.. store.Items.Select(item => item.Machine).OfType<AnnotationRecord>()];
        int disputed = AnnotationQueue.Disputed(store).Count;
        return new()
        {
            Items = store.Items.Count,
            Settled = settled,
            Adjudicated = adjudicated,
            Disputed = disputed,
            Waiting = store.Items.Count - settled - disputed,
            Agreement = AnnotationAgreement.Describe(records),
            AgreementWithMachine = machine.Length == 0 || records.Count == 0 ? null : AnnotationAgreement.Describe([.. records, .. machine]),
        };
    }

    private static AnnotationReport Write(AnnotationStore store, AnnotationReport report, string target, string split, bool overwrite)
    {
        if (report.Settled == 0)
            throw new InvalidInputException($"{store.Working}: no pair is settled yet ({report.Disputed} disputed, {report.Waiting} waiting for labels); "
                + "annotate some first.");
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(target, RowLayout.Paired, new BeaverTailsWriterOptions
        {
            Name = "Pairs annotated by hand",
            Description = $"Pairs in the layout of BeaverTails-V (arXiv 2503.17682), labelled by people. `{AnnotationFile.Name}` holds what each said, "
                + "`annotation.json` the figures of agreement.",
            Overwrite = overwrite,
        });
        foreach (AnnotationItem item in store.Items)
        {
            if (AnnotationQueue.Settle(store, item) is not { } label) continue;
            EncodedImage? image = item.HasImage ? new(File.ReadAllBytes(ItemSource.ImageFile(store.Working, item.Id)), item.ImagePath) : null;
            writer.Add(split, new PreferencePair
            {
                Question = item.Question,
                Image = image,
                Category = label.Category!,
                ImageSeverity = label.Severity!.Value,
                Response1 = new(item.Response1, item.From1, label.Harmless1 >= 0, label.Harmless1, label.Helpful1),
                Response2 = new(item.Response2, item.From2, label.Harmless2 >= 0, label.Harmless2, label.Helpful2),
                MoreHelpful = label.MoreHelpful,
                Safer = label.Safer,
            });
        }
        writer.Attach(AnnotationFile.Name, AnnotationFile.Write(AnnotationQueue.Records(store)));
        writer.Attach("annotation.json", JsonSerializer.Serialize(report, Json) + "\n");
        writer.Complete();
        return report with { Folder = Path.GetFullPath(target) };
    }
}
