using Npgsql;

namespace SafeRlhfV.Annotation;

/// <summary>The address of a queue.</summary>
internal static class QueueAddress
{
    private const string Advice = "give postgres://USER@HOST:PORT/DATABASE, or postgres: and a connection string; the password may stand in PGPASSWORD";

    /// <summary>A connection string of <c>postgres://user:password@host:port/database?option=value</c> or <c>postgres:CONNECTION STRING</c>.</summary>
    /// <exception cref="InvalidInputException">It is neither. The message does not hold the address, which may hold a password.</exception>
    public static string Read(string address)
    {
        try
        {
            if (address.StartsWith("postgres://", StringComparison.Ordinal) || address.StartsWith("postgresql://", StringComparison.Ordinal))
                return OfUri(new Uri(address));
            if (address.StartsWith("postgres:", StringComparison.Ordinal))
                return new NpgsqlConnectionStringBuilder(address["postgres:".Length..]).ConnectionString;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or UriFormatException)
        {
            throw new InvalidInputException($"--queue: {ErrorText.FirstLine(error).TrimEnd('.')}; {Advice}.", error);
        }
        throw new InvalidInputException($"--queue: is no address of a queue; {Advice}.");
    }

    private static string OfUri(Uri uri)
    {
        NpgsqlConnectionStringBuilder builder = new() { Host = uri.Host };
        if (uri.Port > 0) builder.Port = uri.Port;
        string[] user = uri.UserInfo.Split(':', 2);
        if (user[0].Length > 0) builder.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) builder.Password = Uri.UnescapeDataString(user[1]);
        if (uri.AbsolutePath.Length > 1) builder.Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        foreach (string option in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = option.Split('=', 2);
            builder[Uri.UnescapeDataString(sides[0])] = sides.Length > 1 ? Uri.UnescapeDataString(sides[1]) : "true";
        }
        return builder.ConnectionString;
    }
}
