namespace SafeRlhfV.Processing;

/// <summary>Reads a template's statements.</summary>
internal sealed class JinjaParser
{
    private readonly JinjaTokens tokens;
    private readonly JinjaNames names = new();
    private readonly ExpressionParser expressions;
    private readonly Dictionary<string, BlockStatement> blocks = [];
    private readonly Stack<string> endings = new();
    private int loops; // for loops that a break here would leave

    private JinjaParser(string source)
    {
        tokens = new JinjaTokens(JinjaLexer.Read(source));
        expressions = new ExpressionParser(tokens, names);
    }

    /// <summary>A template's statements and its named blocks.</summary>
    /// <exception cref="JinjaException">The text is no template.</exception>
    public static (BodyStatement Body, Dictionary<string, BlockStatement> Blocks) Parse(string source)
    {
        JinjaParser parser = new(source);
        BodyStatement body = parser.Body([]);
        parser.names.ThrowUnknown();
        return (body, parser.blocks);
    }

    // up to a block that begins with one of the ends, whose name is then the current token
    private BodyStatement Body(string[] ends)
    {
        List<JinjaStatement> statements = [];
        int line = tokens.Current.Line;
        while (true)
        {
            JinjaToken token = tokens.Next();
            switch (token.Kind)
            {
                case JinjaTokenKind.End:
                    if (ends.Length == 0) return new BodyStatement(statements, line);
                    throw JinjaException.Syntax($"Unexpected end of template. Jinja was looking for the following tags: {Named(ends)}.", token.Line);
                case JinjaTokenKind.Data:
                    statements.Add(new TextStatement(token.Text, token.Line));
                    break;
                case JinjaTokenKind.PrintBegin:
                    statements.Add(new PrintStatement(expressions.Tuple(), token.Line));
                    tokens.Expect(JinjaTokenKind.PrintEnd);
                    break;
                default:
                    if (tokens.Current.Kind != JinjaTokenKind.Name) throw tokens.Error("tag name expected");
                    if (ends.Contains(tokens.Current.Text)) return new BodyStatement(statements, line);
                    statements.Add(tokens.Nested(Statement));
                    tokens.Expect(JinjaTokenKind.BlockEnd);
                    break;
            }
        }
    }

    private BodyStatement Body(string end, params string[] others)
    {
        tokens.Skip(":");
        tokens.Expect(JinjaTokenKind.BlockEnd);
        string[] ends = [.. others, end];
        endings.Push(Named(ends));
        BodyStatement body = Body(ends);
        endings.Pop();
        if (others.Length == 0) tokens.Next();
        return body;
    }

    private JinjaStatement Statement()
    {
        JinjaToken token = tokens.Next();
        int line = token.Line;
        return token.Text switch
        {
            "if" => If(line),
            "for" => For(line),
            "set" => Set(line),
            "with" => With(line),
            "macro" => Macro(line),
            "call" => CallBlock(line),
            "filter" => FilterBlock(line),
            "generation" => new GenerationStatement(Function(() => Body("endgeneration"), [], []), line),
            "block" => Block(line),
            "autoescape" => new AutoEscapeStatement(expressions.Expression(), names.Own(() => Body("endautoescape")), line),
            "break" => Flow(JinjaFlow.Break, "'break' outside loop", line),
            "continue" => Flow(JinjaFlow.Continue, "'continue' not properly in loop", line),
            "print" => Print(line),
            "include" or "import" or "from" or "extends" => Loader(token),
            _ => throw JinjaException.Syntax($"Encountered unknown tag '{token.Text}'." + (endings.Count > 0
                ? $" Jinja was looking for the following tags: {endings.Peek()}." : ""), line),
        };
    }

    private IfStatement If(int line)
    {
        List<(JinjaExpression, BodyStatement)> branches = [];
        BodyStatement? otherwise = null;
        int mark = names.Mark();
        while (true)
        {
            JinjaExpression condition = expressions.Tuple(withCondition: false);
            branches.Add((condition, Body("endif", "elif", "else")));
            string end = tokens.Next().Text;
            if (end == "elif") continue;
            if (end == "else") otherwise = Body("endif");
            names.Forgive(mark);
            return new IfStatement(branches, otherwise, line);
        }
    }

    private ForStatement For(int line)
    {
        names.Loops++;
        AssignmentTarget target = Target();
        if (!tokens.SkipName("in")) throw tokens.Expected("in");
        JinjaExpression items = expressions.Tuple(withCondition: false);
        JinjaExpression? filter = tokens.SkipName("if") ? expressions.Expression() : null;
        bool isRecursive = tokens.SkipName("recursive");
        loops++;
        BodyStatement body = names.Own(() => Body("endfor", "else"));
        loops--;
        BodyStatement? otherwise = tokens.Next().Text == "else" ? names.Own(() => Body("endfor")) : null;
        names.Loops--;
        return new ForStatement(target, items, filter, body, otherwise, isRecursive, line);
    }

    private JinjaStatement Set(int line)
    {
        AssignmentTarget target = Target(withNamespace: true);
        if (tokens.Skip("=")) return new SetStatement(target, expressions.Tuple(), line);
        FilterExpression? filter = (FilterExpression?)expressions.Filters(null);
        return new SetBlockStatement(target, filter, names.Own(() => Body("endset")), line);
    }

    private WithStatement With(int line)
    {
        List<(AssignmentTarget, JinjaExpression)> variables = [];
        while (tokens.Current.Kind != JinjaTokenKind.BlockEnd)
        {
            if (variables.Count > 0) tokens.Expect(",");
            AssignmentTarget target = Target(isParameter: true);
            tokens.Expect("=");
            variables.Add((target, expressions.Expression()));
        }
        return new WithStatement(variables, names.Own(() => Body("endwith")), line);
    }

    private MacroStatement Macro(int line)
    {
        string name = Name();
        names.Store(name, line);
        (List<string> parameters, List<JinjaExpression> defaults) = Signature();
        return new MacroStatement(name, Function(() => Body("endmacro"), parameters, defaults), line);
    }

    private CallBlockStatement CallBlock(int line)
    {
        (List<string> parameters, List<JinjaExpression> defaults) = tokens.Current.Is("(") ? Signature() : ([], []);
        if (expressions.Expression() is not CallExpression call) throw tokens.Error("expected call");
        return new CallBlockStatement(call, Function(() => Body("endcall"), parameters, defaults), line);
    }

    private FilterBlockStatement FilterBlock(int line)
    {
        FilterExpression filter = (FilterExpression)expressions.Filters(null, startsInline: true)!;
        return new FilterBlockStatement(filter, names.Own(() => Body("endfilter")), line);
    }

    private BlockStatement Block(int line)
    {
        string name = tokens.Expect(JinjaTokenKind.Name).Text;
        if (blocks.ContainsKey(name)) throw JinjaException.Syntax($"block '{name}' defined twice", line);
        bool isScoped = tokens.SkipName("scoped");
        bool isRequired = tokens.SkipName("required");
        if (tokens.Current.Is("-"))
            throw tokens.Error("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.");
        blocks[name] = null!; // its name is taken from here on
        int outer = loops;
        loops = 0;
        BodyStatement body = names.Apart(() => names.Own(() => Body("endblock")));
        loops = outer;
        tokens.SkipName(name);
        if (isRequired) throw JinjaException.Syntax("Required blocks are not supported.", line);
        return blocks[name] = new BlockStatement(name, isScoped, body, line);
    }

    private FlowStatement Flow(JinjaFlow flow, string fault, int line) => loops > 0 ? new FlowStatement(flow, line) : throw JinjaException.Syntax(fault, line);

    private BodyStatement Print(int line)
    {
        List<JinjaStatement> printed = [];
        while (tokens.Current.Kind != JinjaTokenKind.BlockEnd)
        {
            if (printed.Count > 0) tokens.Expect(",");
            printed.Add(new PrintStatement(expressions.Expression(), line));
        }
        return new BodyStatement(printed, line);
    }

    // they fail when they are reached
    private LoaderStatement Loader(JinjaToken token)
    {
        expressions.Expression();
        switch (token.Text)
        {
            case "include":
                if (tokens.SkipName("ignore") && !tokens.SkipName("missing")) throw tokens.Expected("missing");
                break;
            case "import":
                if (!tokens.SkipName("as")) throw tokens.Expected("as");
                names.Store(Name(), token.Line);
                break;
            case "from":
                if (!tokens.SkipName("import")) throw tokens.Expected("import");
                do
                {
                    string name = Name();
                    names.Store(tokens.SkipName("as") ? Name() : name, token.Line);
                }
                while (tokens.Skip(",") && tokens.Current.Kind == JinjaTokenKind.Name);
                break;
        }
        if ((tokens.Current.IsName("with") || tokens.Current.IsName("without")) && tokens.Ahead.IsName("context"))
        {
            tokens.Next();
            tokens.Next();
        }
        return new LoaderStatement(token.Line);
    }

    private MacroBody Function(Func<BodyStatement> parse, List<string> parameters, List<JinjaExpression> defaults)
    {
        int outer = loops;
        loops = 0;
        BodyStatement body = names.Watch(() => names.Own(parse), out IReadOnlySet<string> found);
        loops = outer;
        int caller = parameters.IndexOf("caller");
        if (found.Contains("caller") && caller >= 0 && caller < parameters.Count - defaults.Count)
            throw tokens.Error("When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.");
        return new MacroBody(parameters, defaults, body, found.Contains("caller"), found.Contains("kwargs")
            && !parameters.Contains("kwargs"), found.Contains("varargs") && !parameters.Contains("varargs"));
    }

    private (List<string> Parameters, List<JinjaExpression> Defaults) Signature()
    {
        List<string> parameters = [];
        List<JinjaExpression> defaults = [];
        tokens.Expect("(");
        while (!tokens.Current.Is(")"))
        {
            if (parameters.Count > 0) tokens.Expect(",");
            string name = Name();
            if (parameters.Contains(name)) throw tokens.Error($"duplicate argument '{name}' in function definition");
            if (tokens.Skip("=")) defaults.Add(expressions.Expression());
            else if (defaults.Count > 0) throw tokens.Error("non-default argument follows default argument");
            parameters.Add(name);
        }
        tokens.Expect(")");
        return (parameters, defaults);
    }

    private string Name()
    {
        JinjaToken token = tokens.Expect(JinjaTokenKind.Name);
        return IsConstant(token.Text) ? throw JinjaException.Syntax("can't assign to 'const'", token.Line) : token.Text;
    }

    private AssignmentTarget Target(bool withNamespace = false, bool isParameter = false, bool inParentheses = false)
    {
        List<AssignmentTarget> parts = [];
        bool isTuple = false;
        while (true)
        {
            if (parts.Count > 0) tokens.Expect(",");
            JinjaToken token = tokens.Current;
            if (token.Kind is JinjaTokenKind.PrintEnd or JinjaTokenKind.BlockEnd || token.Is(")")) break;
            parts.Add(Part());
            if (!tokens.Current.Is(",")) break;
            isTuple = true;
        }
        if (parts.Count == 0 && !inParentheses) throw tokens.Error($"Expected an expression, got '{tokens.Current.Described}'");
        return parts.Count == 1 && !isTuple ? parts[0] : new AssignmentTarget(null, null, parts);

        AssignmentTarget Part()
        {
            JinjaToken token = tokens.Current;
            if (tokens.Skip("("))
            {
                AssignmentTarget inner = tokens.Nested(() => Target(withNamespace, isParameter, inParentheses: true));
                tokens.Expect(")");
                return inner;
            }
            if (token.Kind != JinjaTokenKind.Name || IsConstant(token.Text))
                throw tokens.Error(token.Kind is JinjaTokenKind.Operator or JinjaTokenKind.BlockEnd or JinjaTokenKind.End ? $"unexpected '{token.Described}'"
                    : "can't assign to 'const'");
            tokens.Next();
            if (withNamespace && tokens.Skip("."))
            {
                names.Load(token.Text);
                return new AssignmentTarget(token.Text, tokens.Expect(JinjaTokenKind.Name).Text, null);
            }
            if (!isParameter) names.Store(token.Text, token.Line);
            return new AssignmentTarget(token.Text, null, null);
        }
    }

    private static bool IsConstant(string name) => name is "true" or "True" or "false" or "False" or "none" or "None";

    private static string Named(string[] ends) => string.Join(" or ", ends.Select(end => $"'{end}'"));
}
