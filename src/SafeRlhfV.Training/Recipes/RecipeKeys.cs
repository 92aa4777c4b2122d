using System.Reflection;

namespace SafeRlhfV.Training;

/// <summary>All keys of a trainer's recipe, from the records that it is read into.</summary>
public static class RecipeKeys
{
    /// <summary>The keys of a trainer, section by section.</summary>
    public static IReadOnlyList<RecipeKey> Of(TrainerDefinition trainer) => [.. Below(trainer.RecipeType, "")];

    private static IEnumerable<RecipeKey> Below(Type type, string section)
    {
        object record = Activator.CreateInstance(type)!;
        foreach (PropertyInfo property in SettingsBinder.Properties(type).Where(property => SettingsBinder.IsSection(property.PropertyType)))
        {
            string key = SettingsBinder.Key(property.Name), below = section.Length == 0 ? key : $"{section}.{key}";
            // the record itself may hold other defaults than its type
            object? made = property.GetValue(record) ?? Activator.CreateInstance(property.PropertyType);
            foreach (PropertyInfo inner in SettingsBinder.Properties(property.PropertyType))
                if (!SettingsBinder.IsSection(inner.PropertyType)) yield return Of(below, inner, inner.GetValue(made));
            foreach (RecipeKey deeper in Below(property.PropertyType, below)) yield return deeper;
        }
    }

    private static RecipeKey Of(string section, PropertyInfo property, object? value)
    {
        string declaring = (property.DeclaringType!.IsGenericType ? property.DeclaringType.GetGenericTypeDefinition() : property.DeclaringType).FullName!;
        return new(section, SettingsBinder.Key(property.Name), value is null or "" ? null : SettingsBinder.Format(value), SettingsBinder.Allowed(property),
            $"P:{declaring.Replace('+', '.')}.{property.Name}");
    }
}
