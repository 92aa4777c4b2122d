using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace SafeRlhfV.Gateway;

/// <summary>Gathers a meter's instruments and writes them in Prometheus' text format.</summary>
internal sealed class PrometheusText : IDisposable
{
    private static readonly double[] Bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Series> series = [];

    public PrometheusText(Meter meter)
    {
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter)) listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
    }

    public string Write()
    {
        listener.RecordObservableInstruments();
        StringBuilder text = new();
        foreach (IGrouping<Instrument, KeyValuePair<(Instrument Instrument, string Labels), Series>> family in series.GroupBy(pair => pair.Key.Instrument)
            .OrderBy(group => group.Key.Name))
        {
            bool isHistogram = family.Key is Histogram<double>;
            string kind = isHistogram ? "histogram" : family.Key is Counter<long> or ObservableCounter<long> ? "counter" : "gauge";
            text.Append($"# HELP {family.Key.Name} {family.Key.Description}\n# TYPE {family.Key.Name} {kind}\n");
            foreach (((_, string labels), Series series) in family.OrderBy(pair => pair.Key.Labels, StringComparer.Ordinal))
                series.Write(text, family.Key.Name, labels, isHistogram);
        }
        return text.ToString();
    }

    public void Dispose() => listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Series one = series.GetOrAdd((instrument, tags.Length == 0 ? "" : Labels(tags)), _ => new());
        if (instrument.IsObservable) one.Set(value);
        else one.Add(value);
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        StringBuilder labels = new();
        foreach ((string name, object? label) in tags)
        {
            string escaped = (label?.ToString() ?? "").Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            labels.Append(labels.Length > 0 ? "," : "").Append(name).Append("=\"").Append(escaped).Append('"');
        }
        return labels.ToString();
    }

    private sealed class Series
    {
        private readonly Lock gate = new();
        private readonly long[] counts = new long[Bounds.Length + 1];
        private double sum;

        public void Add(double value)
        {
            lock (gate)
            {
                sum += value;
                int at = Array.BinarySearch(Bounds, value);
                counts[at < 0 ? ~at : at]++;
            }
        }

        public void Set(double value)
        {
            lock (gate) sum = value;
        }

        public void Write(StringBuilder text, string name, string labels, bool isHistogram)
        {
            lock (gate)
            {
                string braces = labels.Length == 0 ? "" : $"{{{labels}}}";
                if (!isHistogram)
                {
                    text.Append($"{name}{braces} {sum:R}\n");
                    return;
                }
                string comma = labels.Length == 0 ? "" : labels + ",";
                long below = 0;
                for (int i = 0; i <= Bounds.Length; i++)
                    text.Append($"{name}_bucket{{{comma}le=\"{(i < Bounds.Length ? Bounds[i].ToString("R") : "+Inf")}\"}} {below += counts[i]}\n");
                text.Append($"{name}_sum{braces} {sum:R}\n{name}_count{braces} {below}\n");
            }
        }
    }
}
