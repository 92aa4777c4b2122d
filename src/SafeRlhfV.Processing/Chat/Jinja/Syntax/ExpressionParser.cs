namespace SafeRlhfV.Processing;

/// <summary>
/// Reads expressions with Jinja2's precedence, which is not Python's: `~` binds tighter than `+`, `**` groups to the left, filters and tests bind to the
/// operand behind its sign.
/// </summary>
internal sealed class ExpressionParser(JinjaTokens tokens, JinjaNames names)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>One expression.</summary>
    public JinjaExpression Expression(bool withCondition = true) => tokens.Nested(() => withCondition ? Conditional() : Or());

    /// <summary>Expressions with commas between them: a tuple, or the one expression alone.</summary>
    public JinjaExpression Tuple(bool withCondition = true, bool inParentheses = false)
    {
        List<JinjaExpression> items = [];
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0) tokens.Expect(",");
            JinjaToken token = tokens.Current;
            if (token.Kind is JinjaTokenKind.PrintEnd or JinjaTokenKind.BlockEnd || token.Is(")")) break;
            items.Add(Expression(withCondition));
            if (!tokens.Current.Is(",")) break;
            isTuple = true;
        }
        if (isTuple) return new ListExpression(items, isTuple: true);
        if (items.Count > 0) return items[0];
        return inParentheses ? new ListExpression([], isTuple: true) : throw tokens.Error($"Expected an expression, got '{tokens.Current.Described}'");
    }

    /// <summary>Filters behind a `|`; of a block or set block with no operand before them.</summary>
    public JinjaExpression? Filters(JinjaExpression? operand, bool startsInline = false)
    {
        while (startsInline || tokens.Skip("|"))
        {
            startsInline = false;
            int line = tokens.Current.Line;
            string name = DottedName();
            if (!JinjaFilters.Exists(name)) names.Unknown("filter", name, line);
            operand = new FilterExpression(operand, name, tokens.Current.Is("(") ? Arguments() : ArgumentList.Empty);
        }
        return operand;
    }

    private JinjaExpression Conditional()
    {
        int mark = names.Mark();
        JinjaExpression then = Or();
        while (tokens.Current.IsName("if"))
        {
            int line = tokens.Next().Line;
            JinjaExpression condition = Or();
            JinjaExpression? otherwise = tokens.SkipName("else") ? Expression() : null;
            then = new ConditionalExpression(condition, then, otherwise, line);
            names.Forgive(mark);
        }
        return then;
    }

    private JinjaExpression Or() => Chain(And, token => token.IsName("or") ? "or" : null);

    private JinjaExpression And() => Chain(Not, token => token.IsName("and") ? "and" : null);

    private JinjaExpression Not() => tokens.SkipName("not") ? new UnaryExpression("not", tokens.Nested(Not)) : Compare();

    private JinjaExpression Compare()
    {
        JinjaExpression first = Sum();
        List<(string, JinjaExpression)> rest = [];
        while (true)
        {
            if (tokens.Current.Kind == JinjaTokenKind.Operator && Comparisons.Contains(tokens.Current.Text)) rest.Add((tokens.Next().Text, Sum()));
            else if (tokens.SkipName("in")) rest.Add(("in", Sum()));
            else if (tokens.Current.IsName("not") && tokens.Ahead.IsName("in"))
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", Sum()));
            }
            else break;
        }
        return rest.Count == 0 ? first : new CompareExpression(first, rest);
    }

    private JinjaExpression Sum() => Chain(Concat, token => token.Is("+") || token.Is("-") ? token.Text : null);

    private JinjaExpression Concat()
    {
        List<JinjaExpression> parts = [Product()];
        while (tokens.Skip("~")) parts.Add(Product());
        return parts.Count == 1 ? parts[0] : new ConcatExpression(parts);
    }

    private JinjaExpression Product() => Chain(Power, token => token.Is("*") || token.Is("/") || token.Is("//") || token.Is("%") ? token.Text : null);

    private JinjaExpression Power() => Chain(() => Unary(withFilters: true), token => token.Is("**") ? "**" : null);

    private JinjaExpression Chain(Func<JinjaExpression> operand, Func<JinjaToken, string?> sign)
    {
        JinjaExpression left = operand();
        while (sign(tokens.Current) is { } found)
        {
            tokens.Next();
            left = new BinaryExpression(found, left, operand());
        }
        return left;
    }

    private JinjaExpression Unary(bool withFilters)
    {
        JinjaExpression node = tokens.Current.Is("-") || tokens.Current.Is("+")
            ? new UnaryExpression(tokens.Next().Text, tokens.Nested(() => Unary(withFilters: false))) : Primary();
        node = Postfix(node);
        return withFilters ? FiltersAndTests(node) : node;
    }

    private JinjaExpression Primary()
    {
        JinjaToken token = tokens.Current;
        switch (token.Kind)
        {
            case JinjaTokenKind.Name:
                tokens.Next();
                if (token.Text is "true" or "True" or "false" or "False") return new ConstantExpression(token.Text is "true" or "True");
                if (token.Text is "none" or "None") return new ConstantExpression(null);
                names.Load(token.Text);
                return new NameExpression(token.Text);
            case JinjaTokenKind.String:
                string text = "";
                while (tokens.Current.Kind == JinjaTokenKind.String) text += tokens.Next().Text;
                return tokens.Current.Is(".") || tokens.Current.Is("[") || tokens.Current.Is("(") ? new ConstantExpression(text) : new OwnTextExpression(text);
            case JinjaTokenKind.Integer or JinjaTokenKind.Float:
                return new ConstantExpression(tokens.Next().Number);
        }
        if (tokens.Skip("("))
        {
            JinjaExpression inner = Tuple(inParentheses: true);
            tokens.Expect(")");
            return inner;
        }
        if (tokens.Skip("[")) return new ListExpression(Separated("]", () => Expression()), isTuple: false);
        if (tokens.Skip("{"))
        {
            return new DictExpression(Separated("}", () =>
            {
                JinjaExpression key = Expression();
                tokens.Expect(":");
                return (key, Expression());
            }));
        }
        throw tokens.Error($"unexpected '{token.Described}'");
    }

    // items with commas between them, one more comma allowed at the end
    private List<T> Separated<T>(string close, Func<T> item)
    {
        List<T> items = [];
        while (!tokens.Current.Is(close))
        {
            if (items.Count > 0)
            {
                tokens.Expect(",");
                if (tokens.Current.Is(close)) break;
            }
            items.Add(item());
        }
        tokens.Expect(close);
        return items;
    }

    private JinjaExpression Postfix(JinjaExpression node)
    {
        while (true)
        {
            if (tokens.Skip(".")) node = Attribute(node);
            else if (tokens.Skip("[")) node = Subscript(node);
            else if (tokens.Current.Is("(")) node = new CallExpression(node, Arguments());
            else return node;
        }
    }

    private JinjaExpression FiltersAndTests(JinjaExpression node)
    {
        while (true)
        {
            if (tokens.Current.Is("|")) node = Filters(node)!;
            else if (tokens.Current.IsName("is")) node = Test(node);
            else if (tokens.Current.Is("(")) node = new CallExpression(node, Arguments());
            else return node;
        }
    }

    private JinjaExpression Attribute(JinjaExpression owner)
    {
        JinjaToken token = tokens.Next();
        if (token.Kind == JinjaTokenKind.Name) return new AttributeExpression(owner, token.Text);
        return token.Kind == JinjaTokenKind.Integer ? new ItemExpression(owner, new ConstantExpression(token.Number))
            : throw JinjaException.Syntax("expected name or number", token.Line);
    }

    private JinjaExpression Subscript(JinjaExpression owner)
    {
        List<JinjaExpression> keys = [];
        bool isTuple = false;
        while (!tokens.Current.Is("]"))
        {
            if (keys.Count > 0)
            {
                tokens.Expect(",");
                isTuple = true;
            }
            JinjaExpression? key = tokens.Current.Is(":") ? null : Expression();
            if (!tokens.Skip(":"))
            {
                keys.Add(key!);
                continue;
            }
            JinjaExpression? stop = AtBoundEnd() ? null : Expression(), step = tokens.Skip(":") && !AtBoundEnd() ? Expression() : null;
            if (isTuple || !tokens.Skip("]")) throw tokens.Error("a slice among several subscripts is not supported");
            return new SliceExpression(owner, key, stop, step);
        }
        tokens.Next();
        return new ItemExpression(owner, keys.Count == 1 && !isTuple ? keys[0] : new ListExpression(keys, isTuple: true));

        bool AtBoundEnd() => tokens.Current.Is(":") || tokens.Current.Is("]") || tokens.Current.Is(",");
    }

    private JinjaExpression Test(JinjaExpression operand)
    {
        tokens.Next();
        bool isNegated = tokens.SkipName("not");
        int line = tokens.Current.Line;
        string name = DottedName();
        if (!JinjaTests.Exists(name)) names.Unknown("test", name, line);
        ArgumentList arguments = ArgumentList.Empty;
        JinjaToken token = tokens.Current;
        if (token.Is("(")) arguments = Arguments();
        else if ((token.Kind is JinjaTokenKind.Name or JinjaTokenKind.String or JinjaTokenKind.Integer or JinjaTokenKind.Float || token.Is("[")
            || token.Is("{"))
            && !token.IsName("else") && !token.IsName("or") && !token.IsName("and"))
        {
            if (token.IsName("is")) throw tokens.Error("You cannot chain multiple tests with is");
            arguments = ArgumentList.Empty with { Positional = [Postfix(Primary())] };
        }
        JinjaExpression test = new TestExpression(operand, name, arguments);
        return isNegated ? new UnaryExpression("not", test) : test;
    }

    private string DottedName()
    {
        string name = tokens.Expect(JinjaTokenKind.Name).Text;
        while (tokens.Skip(".")) name += "." + tokens.Expect(JinjaTokenKind.Name).Text;
        return name;
    }

    private ArgumentList Arguments()
    {
        tokens.Expect("(");
        List<JinjaExpression> positional = [];
        List<(string Name, JinjaExpression Item)> named = [];
        JinjaExpression? more = null, moreNamed = null;
        bool isFirst = true;
        while (!tokens.Current.Is(")"))
        {
            if (!isFirst)
            {
                tokens.Expect(",");
                if (tokens.Current.Is(")")) break;
            }
            isFirst = false;
            JinjaToken token = tokens.Current;
            if (tokens.Skip("*"))
            {
                Require(more is null && moreNamed is null);
                more = Expression();
            }
            else if (tokens.Skip("**"))
            {
                Require(moreNamed is null);
                moreNamed = Expression();
            }
            else if (token.Kind == JinjaTokenKind.Name && tokens.Ahead.Is("="))
            {
                Require(moreNamed is null);
                tokens.Next();
                tokens.Next();
                if (named.Exists(pair => pair.Name == token.Text)) throw tokens.Error($"keyword argument repeated: {token.Text}");
                named.Add((token.Text, Expression()));
            }
            else
            {
                Require(more is null && moreNamed is null && named.Count == 0);
                positional.Add(Expression());
            }
        }
        tokens.Expect(")");
        return new ArgumentList(positional, named, more, moreNamed);

        void Require(bool isInOrder)
        {
            if (!isInOrder) throw tokens.Error("invalid syntax for function call expression");
        }
    }
}
