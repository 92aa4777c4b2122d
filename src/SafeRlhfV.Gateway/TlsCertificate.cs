using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The gateway's certificate, read again when its files change: a renewed one is used without a restart. A faulty one leaves the last in use.
/// </summary>
internal sealed partial class TlsCertificate : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly TlsSettings settings;
    private readonly TimeProvider clock;
    private SslStreamCertificateContext current;
    private (DateTime, DateTime) read;
    private long looked;

    /// <exception cref="InvalidInputException">The files cannot be read, or hold no certificate with its key.</exception>
    public TlsCertificate(TlsSettings settings, TimeProvider clock)
    {
        (this.settings, this.clock) = (settings, clock);
        read = Look();
        looked = clock.GetTimestamp();
        current = Load();
    }

    public ILogger Log { get; set; } = NullLogger.Instance;

    /// <summary>Gives each connection the certificate in use then, with its chain.</summary>
    public void Use(HttpsConnectionAdapterOptions https)
    {
        https.ServerCertificateSelector = (_, _) => Current.TargetCertificate; // without one the server does not start
        https.OnAuthenticate = (_, options) =>
        {
            options.ServerCertificateSelectionCallback = null;
            options.ServerCertificateContext = Current;
        };
    }

    public void Dispose() => current.TargetCertificate.Dispose();

    private SslStreamCertificateContext Current
    {
        get
        {
            lock (gate)
            {
                if (clock.GetElapsedTime(looked) < Interval) return current;
                looked = clock.GetTimestamp();
                (DateTime, DateTime) now = Look();
                if (now == read) return current;
                read = now;
                try
                {
                    current = Load(); // connections may still use the one before
                }
                catch (InvalidInputException error)
                {
                    LogFault(Log, error.Message);
                }
                return current;
            }
        }
    }

    private (DateTime, DateTime) Look() => (File.GetLastWriteTimeUtc(settings.Certificate), File.GetLastWriteTimeUtc(settings.Key));

    private SslStreamCertificateContext Load()
    {
        try
        {
            X509Certificate2 own = settings.Password is { } password
                ? X509Certificate2.CreateFromEncryptedPemFile(settings.Certificate, password, settings.Key)
                : X509Certificate2.CreateFromPemFile(settings.Certificate, settings.Key);
            X509Certificate2Collection chain = [];
            chain.ImportFromPemFile(settings.Certificate);
            return SslStreamCertificateContext.Create(own, chain, offline: true);
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidInputException($"tls: {settings.Certificate} and {settings.Key} give no certificate with its key "
                + $"({ErrorText.FirstLine(error).TrimEnd('.')}); both must be PEM.", error);
        }
    }

    [LoggerMessage(LogLevel.Error, "The certificate stays as it is: {Fault}")]
    private static partial void LogFault(ILogger log, string fault);
}
