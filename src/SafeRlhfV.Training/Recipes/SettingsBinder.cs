using System.Globalization;
using System.Reflection;
using System.Text;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>
/// Between settings records and YAML: a property BatchSize is the key batch_size, a record within a record is a section. Reading and writing walk the same
/// properties, so that what is written is whole and reads back as the same record.
/// </summary>
internal static class SettingsBinder
{
    private static readonly (string Unit, long Bytes)[] Units = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30)];

    /// <summary>Reads the properties of a new record; missing keys keep their defaults, wrong ones are faults of the section.</summary>
    public static object Read(Type type, YamlSection? section) => Fill(Activator.CreateInstance(type)!, section);

    // a section is filled where it is: its owner may give it other defaults than its type has
    private static object Fill(object record, YamlSection? section)
    {
        foreach (PropertyInfo property in Properties(record.GetType()))
        {
            string key = Key(property.Name);
            Type inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (IsSection(inner))
            {
                YamlSection? below = section?.Section(key);
                if (below is not null) property.SetValue(record, Fill(property.GetValue(record) ?? Activator.CreateInstance(inner)!, below));
                else if (section?.Has(key) == true && !section.IsMapping(key) && IsOptional(property)) property.SetValue(record, null);
            }
            else if (section is not null && Value(section, property, inner, out object? value)) property.SetValue(record, value);
        }
        return record;
    }

    /// <summary>Writes a recipe out.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="skip">A property to leave out; null = none.</param>
    public static string Write(Recipe recipe, string? skip)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"trainer: {recipe.Trainer.Name}\n");
        Write(text, recipe, "", skip);
        return text.ToString();
    }

    /// <summary>The keys of a recipe that say where something is (<see cref="PlaceAttribute"/>), such as data.folder.</summary>
    public static IReadOnlyList<string> Places(Type recipe)
    {
        List<string> keys = [];
        Add(recipe, "");
        return keys;

        void Add(Type type, string path)
        {
            foreach (PropertyInfo property in Properties(type))
            {
                string key = path + Key(property.Name);
                if (IsSection(property.PropertyType)) Add(property.PropertyType, $"{key}.");
                else if (property.IsDefined(typeof(PlaceAttribute))) keys.Add(key);
            }
        }
    }

    /// <summary>A value as a recipe writes it.</summary>
    public static string Format(object? value) => value switch
    {
        null => "",
        string text => Quote(text),
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e'),
        Enum choice => Word(choice),
        RewardTerm term => $"{{ {string.Join(", ", Properties(typeof(RewardTerm)).Where(property => property.GetValue(term) is not null)
            .Select(property => $"{Key(property.Name)}: {Format(property.GetValue(term))}"))} }}",
        IEnumerable<RewardTerm> terms => $"[{string.Join(", ", terms.Select(Format))}]",
        IEnumerable<string> texts => $"[{string.Join(", ", texts.Select(Quote))}]",
        IEnumerable<double> numbers => $"[{string.Join(", ", numbers.Select(number => Format(number)))}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>What a setting may be, in a few words for the guide.</summary>
    public static string Allowed(PropertyInfo property)
    {
        string key = Key(property.Name);
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        string words = type switch
        {
            _ when type == typeof(bool) => "`true`, `false`",
            { IsEnum: true } => string.Join(", ", Enum.GetValues(type).Cast<Enum>().Select(choice => $"`{Word(choice)}`")),
            _ when type == typeof(string) =>
                key switch
                {
                    "device" => "`cpu`, `cuda`, `cuda:N`",
                    "folder" or "policy" or "reward" or "cost" or "judge" => "path",
                    "best_metric" => "a metric of the trainer",
                    _ => "text"
                },
            _ when type == typeof(IReadOnlyList<string>) && key == "categories" => "pairs `own=category`",
            _ when type == typeof(IReadOnlyList<string>) && key == "endpoints" => "addresses",
            _ when type == typeof(IReadOnlyList<string>) && key == "modules_to_save" => "names of modules",
            _ when type == typeof(IReadOnlyList<string>) => $"some of {string.Join(", ", LoraConfig.LanguageModelLayers.Select(name => $"`{name}`"))}",
            _ when type == typeof(IReadOnlyList<RewardTerm>) => "list of rewards",
            _ when type == typeof(IReadOnlyList<double>) => $"numbers, {SettingLimits.Of(property).Range}",
            _ when type == typeof(BetaChoice) => $"{SettingLimits.Of(property).Range}, `{BetaChoice.Word}`",
            _ => $"{(type == typeof(double) ? "" : "whole number, ")}{SettingLimits.Of(property).Range}{(IsBytes(key) ? "; `2GiB`" : "")}",
        };
        return words + (IsOptional(property) ? ", empty" : "");
    }

    /// <summary>Public settings of a record, those of its bases first.</summary>
    public static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.SetMethod is { IsPublic: true })
            .OrderBy(property => property.Name == nameof(Recipe.Run)).ThenBy(property => Depth(property.DeclaringType!))
            .ThenBy(property => property.MetadataToken);

    /// <summary>BatchSize → batch_size.</summary>
    public static string Key(string name) =>
        string.Concat(name.Select((letter, i) => char.IsUpper(letter) ? $"{(i > 0 ? "_" : "")}{char.ToLowerInvariant(letter)}" : letter.ToString()));

    /// <summary>Whether a property's value is a section of its own.</summary>
    public static bool IsSection(Type type) => type.IsClass && type != typeof(string);

    private static void Write(StringBuilder text, object record, string indent, string? skip)
    {
        foreach (PropertyInfo property in Properties(record.GetType()))
        {
            if (property.Name == skip) continue;
            object? value = property.GetValue(record);
            text.Append(CultureInfo.InvariantCulture, $"{indent}{Key(property.Name)}:");
            if (value is not null && IsSection(property.PropertyType))
            {
                text.Append('\n');
                Write(text, value, indent + "  ", null);
            }
            else text.Append(value is null ? "\n" : $" {Format(value)}\n");
        }
    }

    private static bool Value(YamlSection section, PropertyInfo property, Type type, out object? value)
    {
        string key = Key(property.Name);
        bool optional = IsOptional(property);
        value = null;
        if (!optional && section.Removes(key)) return false; // without the base's value the default holds
        if (type == typeof(IReadOnlyList<RewardTerm>))
        {
            value = section.Sections(key).Select(term => (RewardTerm)Read(typeof(RewardTerm), term)).ToArray();
            return section.Has(key);
        }
        if (type == typeof(IReadOnlyList<string>) || type == typeof(IReadOnlyList<double>))
        {
            IReadOnlyList<string> texts = section.Texts(key);
            if (!section.Has(key)) return false;
            if (type == typeof(IReadOnlyList<string>)) value = texts;
            else
            {
                double?[] numbers = [.. texts.Select(text => (double?)Number(section, property, text, typeof(double)))];
                if (numbers.Contains(null)) return false;
                value = numbers.Select(number => number!.Value).ToArray();
            }
            return true;
        }
        string? given = section.Text(key);
        if (given is null)
        {
            if (optional || !section.Has(key) || section.IsMapping(key)) return optional && section.Has(key) && !section.IsMapping(key);
            section.Fault(key, "has no value");
            return false;
        }
        if (type == typeof(string)) value = given;
        else if (type == typeof(bool)) value = section.Flag(key);
        else if (type.IsEnum) value = Choice(section, key, given, type);
        else if (type == typeof(BetaChoice)) value = Beta(section, property, given);
        else value = Number(section, property, given, type);
        return value is not null;
    }

    private static object? Choice(YamlSection section, string key, string given, Type type)
    {
        foreach (object choice in Enum.GetValues(type))
            if (Word((Enum)choice) == given) return choice;
        section.Fault(key, $"'{given}' must be one of {string.Join(", ", Enum.GetValues(type).Cast<Enum>().Select(Word))}");
        return null;
    }

    private static object? Beta(YamlSection section, PropertyInfo property, string given)
    {
        SettingLimits limits = SettingLimits.Of(property);
        if (given == BetaChoice.Word) return BetaChoice.FromMargin;
        if (double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && limits.Allows(number)) return new BetaChoice(number);
        section.Fault(Key(property.Name), $"'{given}' must be {BetaChoice.Word} or a number {limits}");
        return null;
    }

    private static object? Number(YamlSection section, PropertyInfo property, string given, Type type)
    {
        string key = Key(property.Name);
        SettingLimits limits = SettingLimits.Of(property);
        if (type == typeof(double))
        {
            if (double.TryParse(given, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && limits.Allows(number)) return number;
            section.Fault(key, $"'{given}' must be a number {limits}");
            return null;
        }
        if (Whole(key, given) is { } whole && limits.Allows(whole)) return type == typeof(int) ? (object)checked((int)whole) : whole;
        section.Fault(key, $"'{given}' must be a whole number {limits}{(IsBytes(key) ? ", such as 2GiB" : "")}");
        return null;
    }

    private static long? Whole(string key, string given)
    {
        foreach ((string unit, long bytes) in IsBytes(key) ? Units : [])
            if (given.EndsWith(unit, StringComparison.Ordinal) && long.TryParse(given[..^3], NumberStyles.None, CultureInfo.InvariantCulture, out long many)
                && many < 1L << 20) return many * bytes;
        return long.TryParse(given, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole : null;
    }

    private static bool IsBytes(string key) => key.EndsWith("_bytes", StringComparison.Ordinal);

    private static bool IsOptional(PropertyInfo property) =>
        Nullable.GetUnderlyingType(property.PropertyType) is not null || new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable;

    private static string Word(Enum choice) => Key(choice.ToString());

    private static int Depth(Type type) => type.BaseType is { } parent ? 1 + Depth(parent) : 0;

    // plain only where YAML cannot take it for anything else
    private static string Quote(string text) =>
        text.Length > 0 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '/' or '.') && char.IsAsciiLetter(text[0])
            && text is not ("true" or "false" or "null")
            ? text
            : $"\"{YamlTree.Escape(text)
                .Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}
