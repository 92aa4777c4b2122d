namespace SafeRlhfV.Data;

/// <summary>
/// A file pattern as Hugging Face's dataset cards write them: *, **, ?, [..]. All ways to match are followed at once, so that no pattern takes long; a regular
/// expression that promises the same takes a tenth of a second to make its first match.
/// </summary>
internal sealed class FilePattern
{
    // what a place in the pattern takes: these, one of a set, or the character itself
    private enum Kind { Character, Set, NoSlash, Star, DeepStar, Folders }

    private readonly List<(Kind Kind, string Text)> places = [];

    public FilePattern(string pattern)
    {
        for (int i = 0; i < pattern.Length; i++)
        {
            int close;
            if (pattern[i] == '*' && i + 1 < pattern.Length && pattern[i + 1] == '*')
            {
                i++;
                bool slash = i + 1 < pattern.Length && pattern[i + 1] == '/';
                if (slash) i++;
                places.Add((slash ? Kind.Folders : Kind.DeepStar, ""));
            }
            else if (pattern[i] == '*') places.Add((Kind.Star, ""));
            else if (pattern[i] == '?') places.Add((Kind.NoSlash, ""));
            else if (pattern[i] == '[' && (close = pattern.IndexOf(']', i + 1)) > i + 1)
            {
                places.Add((Kind.Set, pattern[(i + 1)..close]));
                i = close;
            }
            else places.Add((Kind.Character, pattern[i].ToString()));
        }
    }

    /// <summary>Whether the whole of a path with slashes matches.</summary>
    public bool IsMatch(string file)
    {
        // reached[i]: the text so far matches the places before i; inside[i]: it ends in the folders that place i takes
        bool[] reached = new bool[places.Count + 1], inside = new bool[places.Count + 1];
        reached[0] = true;
        Skip(reached);
        foreach (char letter in file)
        {
            bool[] next = new bool[places.Count + 1], nextInside = new bool[places.Count + 1];
            for (int i = 0; i < places.Count; i++)
            {
                (Kind kind, string text) = places[i];
                if (kind == Kind.Folders && (reached[i] || inside[i]))
                {
                    nextInside[i] = true;
                    next[i + 1] |= letter == '/';
                }
                if (!reached[i]) continue;
                if (kind == Kind.DeepStar || kind == Kind.Star && letter != '/') next[i] = true;
                else if (kind switch { Kind.Character => text[0] == letter, Kind.Set => IsIn(text, letter), Kind.NoSlash => letter != '/', _ => false })
                    next[i + 1] = true;
            }
            Skip(next);
            (reached, inside) = (next, nextInside);
        }
        return reached[^1];
    }

    /// <summary>Places that may take nothing are passed at once.</summary>
    private void Skip(bool[] reached)
    {
        for (int i = 0; i < places.Count; i++)
            if (reached[i] && places[i].Kind is Kind.Star or Kind.DeepStar or Kind.Folders) reached[i + 1] = true;
    }

    private static bool IsIn(string set, char letter)
    {
        bool isNegated = set[0] == '!';
        string members = isNegated ? set[1..] : set;
        for (int i = 0; i < members.Length; i++)
        {
            bool isRange = i + 2 < members.Length && members[i + 1] == '-';
            if (letter >= members[i] && letter <= members[isRange ? i + 2 : i]) return !isNegated;
            if (isRange) i += 2;
        }
        return isNegated;
    }
}
