using System.ComponentModel;

namespace DotnetClients;

/// <summary>A tool that the stub's model calls twice in one answer; notes the cities that it was asked for.</summary>
internal sealed class WeatherTool
{
    public List<string> Asked { get; } = [];

    /// <summary>The cities in the order of their names; forgets them.</summary>
    public string Take()
    {
        string asked = string.Join(", ", Asked.Order());
        Asked.Clear();
        return asked;
    }

    [Description("the weather")]
    public string Weather(string city)
    {
        lock (Asked) Asked.Add(city);
        return city == "Rome" ? "sun" : "rain";
    }
}
