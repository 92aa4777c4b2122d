using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Sends figures, and traces where the settings name an address for them, to an OpenTelemetry collector (OTLP over HTTP, protobuf): every interval, and once
/// more at the end. Nothing of what was asked or answered is in them unless <see cref="GuardTelemetry.EnableSensitiveData"/> is set.
/// </summary>
internal sealed class OtlpExport(OtlpSettings settings) : IDisposable
{
    private readonly MeterProvider provider = Sdk.CreateMeterProviderBuilder()
        .ConfigureResource(resource => resource.AddService(GatewayMetrics.MeterName))
        .AddMeter(GatewayMetrics.MeterName, GuardTelemetry.SourceName)
        .AddOtlpExporter((exporter, reader) =>
        {
            Describe(exporter, settings, settings.Endpoint);
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)settings.Interval.TotalMilliseconds;
            reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = (int)settings.Timeout.TotalMilliseconds;
        })
        .Build();

    private readonly TracerProvider? tracer = settings.Traces is not { } traces ? null : Sdk.CreateTracerProviderBuilder()
        .ConfigureResource(resource => resource.AddService(GatewayMetrics.MeterName))
        .AddSource(GatewayMetrics.MeterName, GuardTelemetry.SourceName)
        .AddOtlpExporter(exporter =>
        {
            Describe(exporter, settings, traces);
            exporter.BatchExportProcessorOptions.ScheduledDelayMilliseconds = (int)Math.Min(settings.Interval.TotalMilliseconds, 5000);
            exporter.BatchExportProcessorOptions.ExporterTimeoutMilliseconds = (int)settings.Timeout.TotalMilliseconds;
        })
        .Build();

    public void Dispose()
    {
        tracer?.Dispose();
        provider.Dispose();
    }

    private static void Describe(OtlpExporterOptions exporter, OtlpSettings settings, Uri address)
    {
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = address;
        exporter.TimeoutMilliseconds = (int)settings.Timeout.TotalMilliseconds;
    }
}
