using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>Finds card numbers, bank accounts and telephone numbers: by their form, and by their check digits where they have some.</summary>
internal static class SensitiveNumbers
{
    private const RegexOptions Linear = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking;
    private const int LongestPhone = 15;
    private const int CodeWindow = 64; // characters on each side of what may be a part of a code

    // Lengths by country, of the IBAN registry.
    private const string IbanLengths =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26"
        + "IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28"
        + "TL23TN24TR26UA29VA22VG24XK20";

    private static readonly Regex Digits = new(@"\d(?:[ .-]?\d){12,}", Linear);
    private static readonly Regex IbanStart = new(@"\b[A-Za-z]{2}\d{2} ?[A-Za-z0-9]", Linear);
    private static readonly Regex Phone = new(
        @"(?:\+|\b00)[1-9]\d{0,2}(?:[ ./-]{0,2}(?:\(\d{1,5}\)|\d{1,5})){2,7}"  // international
        + @"|\(0\d{1,4}\)(?:[ ./-]{0,2}\d{2,5}){2,4}|\b0\d{1,4}(?:[ /-]{1,3}\d{2,8}){1,4}|\b0\d{8,11}\b" // national, with the trunk zero
        + @"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\b\d{3}[ .-]\d{3}[ .-]\d{4}\b", // North America
        Linear);

    /// <summary>Card numbers: 13 to 19 digits of a known issuer, alone or in groups, with a right check digit (Luhn).</summary>
    public static IEnumerable<Range> Cards(string text)
    {
        for (Match match = Digits.Match(text); match.Success; match = match.NextMatch())
        {
            int[] at = [.. Enumerable.Range(match.Index, match.Length).Where(i => char.IsAsciiDigit(text[i]))];
            for (int start = 0; start < at.Length; start++)
            {
                if (start > 0 && at[start] == at[start - 1] + 1) continue; // within a group
                for (int length = Math.Min(19, at.Length - start); length >= 13; length--)
                {
                    int end = start + length;
                    if (end < at.Length && at[end] == at[end - 1] + 1) continue;
                    if (!IsCard([.. at[start..end].Select(i => text[i] - '0')])) continue;
                    if (!IsCode(text, at[start], at[end - 1] + 1)) yield return at[start]..(at[end - 1] + 1);
                    start = end - 1;
                    break;
                }
            }
        }
    }

    /// <summary>IBANs of the countries that have them, with right check digits, in groups or not.</summary>
    public static IEnumerable<Range> Ibans(string text)
    {
        for (Match match = IbanStart.Match(text); match.Success; match = IbanStart.Match(text, match.Index + 1))
        {
            int known = IbanLengths.IndexOf(text.Substring(match.Index, 2).ToUpperInvariant(), StringComparison.Ordinal);
            if (known < 0 || known % 4 != 0) continue;
            int length = int.Parse(IbanLengths.AsSpan(known + 2, 2)), end = match.Index;
            List<char> letters = [];
            for (; end < text.Length && letters.Count < length; end++)
            {
                if (char.IsAsciiLetterOrDigit(text[end])) letters.Add(char.ToUpperInvariant(text[end]));
                else if (text[end] is not (' ' or '-') || text[end - 1] is ' ' or '-') break;
            }
            bool goesOn = end < text.Length && char.IsAsciiLetterOrDigit(text[end]);
            if (letters.Count == length && !goesOn && IsIban(letters)) yield return match.Index..end;
        }
    }

    /// <summary>Telephone numbers: international with + or 00, national with a leading 0 or in the North American form.</summary>
    public static IEnumerable<Range> Phones(string text)
    {
        int next;
        for (Match match = Phone.Match(text); match.Success; match = Phone.Match(text, next))
        {
            next = match.Index + match.Length;
            // Other numbers may follow: the number ends with the last group that it can have.
            int end = match.Index + match.Length, longest = LongestPhone + (match.Value.StartsWith("00", StringComparison.Ordinal) ? 2 : 0);
            while (end > match.Index && (Count(match.Index, end) > longest || (end < text.Length && char.IsAsciiDigit(text[end])))) end--;
            while (end > match.Index && !(char.IsAsciiDigit(text[end - 1]) || text[end - 1] == ')')) end--;
            if (Count(match.Index, end) < 7) continue;
            if (IsCode(text, match.Index, end)) next = end; // a number may follow
            else yield return match.Index..end;
        }

        int Count(int from, int to) => text[from..to].Count(char.IsAsciiDigit);
    }

    // A part of a text in binary digits or other numbers stays, so that the moderators can read it.
    private static bool IsCode(string text, int start, int end)
    {
        string found = text[start..end];
        if (!found.AsSpan().ContainsAnyInRange('2', '9')) return true;
        int from = start, to = end;
        while (from > 0 && start - from < CodeWindow && !char.IsLetter(text[from - 1])) from--;
        while (to < text.Length && to - end < CodeWindow && !char.IsLetter(text[to])) to++;
        while (from > 0 && from < start && char.IsAsciiDigit(text[from - 1])) from++; // whole numbers
        while (to < text.Length && to > end && char.IsAsciiDigit(text[to])) to--;
        EditedText opened = new(text[from..to]);
        LetterCodes.Open(opened);
        return !opened.Text.Contains(found, StringComparison.Ordinal);
    }

    private static bool IsCard(int[] digits)
    {
        bool isIssued = (digits[0], digits.Length) switch
        {
            (4, 13 or 16 or 19) or (2 or 5, 16) or (3, >= 14 and <= 16) or (6, >= 16) => true,
            _ => false,
        };
        int sum = 0;
        for (int i = 0; i < digits.Length; i++)
        {
            int digit = digits[^(i + 1)];
            sum += i % 2 == 0 ? digit : (digit * 2 / 10) + (digit * 2 % 10);
        }
        return isIssued && sum % 10 == 0;
    }

    private static bool IsIban(List<char> letters)
    {
        int rest = 0;
        foreach (char letter in letters.Skip(4).Concat(letters.Take(4)))
        {
            int value = char.IsAsciiDigit(letter) ? letter - '0' : letter - 'A' + 10;
            rest = ((value > 9 ? rest * 100 : rest * 10) + value) % 97;
        }
        return rest == 1;
    }
}
