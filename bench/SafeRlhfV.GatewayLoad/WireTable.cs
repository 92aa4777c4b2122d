using System.Globalization;

namespace SafeRlhfV.GatewayLoad;

/// <summary>The figures of one wire as a table in Markdown.</summary>
internal static class WireTable
{
    /// <summary>The table. The first way is the direct one, to which the others add; throughput is compared with the one that is called so.</summary>
    public static string Of(IReadOnlyList<WayFigures> ways, string peer)
    {
        double direct50 = Percentiles.At(ways[0].Times, 0.5), direct99 = Percentiles.At(ways[0].Times, 0.99);
        double rate = ways.First(way => way.Name == peer).Rate;
        return string.Join('\n',
        [
            $"| | p50 | p99 | added p50 | added p99 | requests/s | of {peer} | processor time a request |",
            "|---|---|---|---|---|---|---|---|",
            .. ways.Select((way, i) =>
            {
                double p50 = Percentiles.At(way.Times, 0.5), p99 = Percentiles.At(way.Times, 0.99);
                string added = i == 0 ? " | " : string.Create(CultureInfo.InvariantCulture, $"{p50 - direct50:0.00} ms | {p99 - direct99:0.00} ms");
                string share = i == 0 || way.Name == peer ? "" : string.Create(CultureInfo.InvariantCulture, $"{way.Rate / rate:0%}");
                return string.Create(CultureInfo.InvariantCulture,
                    $"| {way.Name} | {p50:0.00} ms | {p99:0.00} ms | {added} | {way.Rate:#,0} | {share} | {way.Cost:0.000} ms |");
            }),
        ]);
    }
}
