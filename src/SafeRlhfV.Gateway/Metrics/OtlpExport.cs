using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace SafeRlhfV.Gateway;

/// <summary>Sends the meter's figures to an OpenTelemetry collector (OTLP over HTTP, protobuf): every interval, and once more at the end.</summary>
internal sealed class OtlpExport(OtlpSettings settings) : IDisposable
{
    private readonly MeterProvider provider = Sdk.CreateMeterProviderBuilder()
        .ConfigureResource(resource => resource.AddService(GatewayMetrics.MeterName))
        .AddMeter(GatewayMetrics.MeterName)
        .AddOtlpExporter((exporter, reader) =>
        {
            exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
            exporter.Endpoint = settings.Endpoint;
            exporter.TimeoutMilliseconds = (int)settings.Timeout.TotalMilliseconds;
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)settings.Interval.TotalMilliseconds;
            reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = (int)settings.Timeout.TotalMilliseconds;
        })
        .Build();

    public void Dispose() => provider.Dispose();
}
