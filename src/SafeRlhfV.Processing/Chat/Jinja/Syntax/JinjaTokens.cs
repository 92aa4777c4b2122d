namespace SafeRlhfV.Processing;

/// <summary>A template's tokens as its parsers read them.</summary>
internal sealed class JinjaTokens(List<JinjaToken> tokens)
{
    private const int MaxDepth = 200;

    private int at;
    private int depth;

    public JinjaToken Current => tokens[at];

    public JinjaToken Ahead => tokens[Math.Min(at + 1, tokens.Count - 1)];

    public JinjaToken Next()
    {
        JinjaToken current = Current;
        if (at < tokens.Count - 1) at++;
        return current;
    }

    public bool Skip(string sign)
    {
        if (!Current.Is(sign)) return false;
        Next();
        return true;
    }

    public bool SkipName(string name)
    {
        if (!Current.IsName(name)) return false;
        Next();
        return true;
    }

    public JinjaToken Expect(JinjaTokenKind kind)
    {
        if (Current.Kind != kind) throw Expected(new JinjaToken(kind, kind == JinjaTokenKind.Name ? "name" : "", 0).Described);
        return Next();
    }

    public void Expect(string sign)
    {
        if (!Skip(sign)) throw Expected(sign);
    }

    public JinjaException Error(string message) => JinjaException.Syntax(message, Current.Line);

    public JinjaException Expected(string what) => Error(Current.Kind == JinjaTokenKind.End
        ? $"unexpected end of template, expected '{what}'." : $"expected token '{what}', got '{Current.Described}'");

    /// <summary>One level of nesting deeper, for what <paramref name="parse"/> reads.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++depth > MaxDepth) throw new JinjaException(JinjaErrorKind.Limit, $"The template is nested more than {MaxDepth} levels deep.", Current.Line);
        JinjaBudget.CheckStack();
        try
        {
            return parse();
        }
        finally
        {
            depth--;
        }
    }
}
