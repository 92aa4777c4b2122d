using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace SafeRlhfV.Gateway;

/// <summary>Gathers a meter's instruments and writes them in Prometheus' text format.</summary>
internal sealed class PrometheusText : IDisposable
{
    private static readonly double[] Bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Series> _series = [];

    public PrometheusText(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    public string Write()
    {
        StringBuilder text = new();
        foreach (IGrouping<Instrument, KeyValuePair<(Instrument Instrument, string Labels), Series>> family in _series.GroupBy(pair => pair.Key.Instrument)
            .OrderBy(group => group.Key.Name))
        {
            bool isHistogram = family.Key is Histogram<double>;
            string kind = isHistogram ? "histogram" : family.Key is Counter<long> ? "counter" : "gauge";
            text.Append($"# HELP {family.Key.Name} {family.Key.Description}\n# TYPE {family.Key.Name} {kind}\n");
            foreach (((_, string labels), Series series) in family.OrderBy(pair => pair.Key.Labels, StringComparer.Ordinal))
                series.Write(text, family.Key.Name, labels, isHistogram);
        }
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        StringBuilder labels = new();
        foreach ((string name, object? label) in tags)
        {
            string escaped = (label?.ToString() ?? "").Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            labels.Append(labels.Length > 0 ? "," : "").Append(name).Append("=\"").Append(escaped).Append('"');
        }
        _series.GetOrAdd((instrument, labels.ToString()), _ => new()).Add(value);
    }

    private sealed class Series
    {
        private readonly Lock _lock = new();
        private readonly long[] _counts = new long[Bounds.Length + 1];
        private double _sum;

        public void Add(double value)
        {
            lock (_lock)
            {
                _sum += value;
                int at = Array.BinarySearch(Bounds, value);
                _counts[at < 0 ? ~at : at]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels, bool isHistogram)
        {
            lock (_lock)
            {
                string braces = labels.Length == 0 ? "" : $"{{{labels}}}";
                if (!isHistogram)
                {
                    text.Append($"{name}{braces} {_sum:R}\n");
                    return;
                }
                string comma = labels.Length == 0 ? "" : labels + ",";
                long below = 0;
                for (int i = 0; i <= Bounds.Length; i++)
                    text.Append($"{name}_bucket{{{comma}le=\"{(i < Bounds.Length ? Bounds[i].ToString("R") : "+Inf")}\"}} {below += _counts[i]}\n");
                text.Append($"{name}_sum{braces} {_sum:R}\n{name}_count{braces} {below}\n");
            }
        }
    }
}
