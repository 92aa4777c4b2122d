using System.Globalization;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>strftime in the C locale, with glibc's forms.</summary>
internal static class TimeText
{
    private static readonly DateTimeFormatInfo Names = CultureInfo.InvariantCulture.DateTimeFormat;

    public static string Format(JinjaRun run, string format)
    {
        StringBuilder text = new();
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                text.Append(format[at]);
                continue;
            }
            int begin = at++;
            char? flag = null;
            while (at < format.Length && format[at] is '-' or '_' or '0' or '^' or '#') flag = format[at++];
            int digits = at;
            while (at < format.Length && char.IsAsciiDigit(format[at])) at++;
            int? width = at > digits ? int.Parse(format.AsSpan(digits, Math.Min(at - digits, 6)), CultureInfo.InvariantCulture) : null;
            if (at < format.Length && format[at] is 'E' or 'O') at++;
            string? field = at < format.Length ? Field(run.Now, format[at], flag, width) : null;
            if (field is null)
            {
                text.Append(format, begin, Math.Min(at + 1, format.Length) - begin);
                continue;
            }
            run.Budget.Text(width ?? 0);
            text.Append(width is { } wide && field.Length < wide
                ? field.PadLeft(wide, "aAbBhpPZc".Contains(format[at]) && flag != '0' ? ' ' : flag == '_' ? ' ' : '0') : field);
        }
        return run.Built(text.ToString());
    }

    private static string? Field(DateTime now, char kind, char? flag, int? width)
    {
        DayOfWeek day = now.DayOfWeek;
        int hour12 = now.Hour % 12 == 0 ? 12 : now.Hour % 12;
        string? text = kind switch
        {
            'a' => Names.GetAbbreviatedDayName(day),
            'A' => Names.GetDayName(day),
            'b' or 'h' => Names.GetAbbreviatedMonthName(now.Month),
            'B' => Names.GetMonthName(now.Month),
            'c' => $"{Names.GetAbbreviatedDayName(day)} {Names.GetAbbreviatedMonthName(now.Month)} {now.Day,2} {now:HH\\:mm\\:ss} {now.Year}",
            'C' => Number(now.Year / 100, 2, '0'),
            'd' => Number(now.Day, 2, '0'),
            'D' or 'x' => now.ToString("MM'/'dd'/'yy", CultureInfo.InvariantCulture),
            'e' => Number(now.Day, 2, ' '),
            'f' => (now.Ticks % TimeSpan.TicksPerSecond / 10).ToString("000000", CultureInfo.InvariantCulture),
            'F' => $"{now.Year}-{now:MM-dd}",
            'g' => Number(ISOWeek.GetYear(now) % 100, 2, '0'),
            'G' => Number(ISOWeek.GetYear(now), 4, '0'),
            'H' => Number(now.Hour, 2, '0'),
            'I' => Number(hour12, 2, '0'),
            'j' => Number(now.DayOfYear, 3, '0'),
            'k' => Number(now.Hour, 2, ' '),
            'l' => Number(hour12, 2, ' '),
            'm' => Number(now.Month, 2, '0'),
            'M' => Number(now.Minute, 2, '0'),
            'n' => "\n",
            'p' => now.Hour < 12 ? "AM" : "PM",
            'P' => now.Hour < 12 ? "am" : "pm",
            'r' => $"{hour12:00}:{now:mm\\:ss} {(now.Hour < 12 ? "AM" : "PM")}",
            'R' => now.ToString("HH':'mm", CultureInfo.InvariantCulture),
            's' => new DateTimeOffset(now).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            'S' => Number(now.Second, 2, '0'),
            't' => "\t",
            'T' or 'X' => now.ToString("HH':'mm':'ss", CultureInfo.InvariantCulture),
            'u' => Number(day == DayOfWeek.Sunday ? 7 : (int)day, 1, '0'),
            'U' => Number((now.DayOfYear + 6 - (int)day) / 7, 2, '0'),
            'V' => Number(ISOWeek.GetWeekOfYear(now), 2, '0'),
            'w' => Number((int)day, 1, '0'),
            'W' => Number((now.DayOfYear + 6 - ((int)day + 6) % 7) / 7, 2, '0'),
            'y' => Number(now.Year % 100, 2, '0'),
            'Y' => Number(now.Year, 1, '0'),
            'z' or 'Z' => "", // the time has no zone, as Python's datetime.now() has none
            '%' => "%",
            _ => null,
        };
        return flag == '^' ? text?.ToUpperInvariant() : text;

        string Number(int value, int length, char fill)
        {
            string digits = value.ToString(CultureInfo.InvariantCulture);
            return flag == '-' ? digits : digits.PadLeft(Math.Max(length, width ?? 0), flag switch { '_' => ' ', '0' => '0', _ => fill });
        }
    }
}
