using System.Collections;
using SafeRlhfV.Testing;
using YamlDotNet.RepresentationModel;

namespace SafeRlhfV.Gateway.Tests;

/// <summary>The files under deploy/ fit the gateway: what they set can be set, what they ask is there, and nothing is ended before it has drained.</summary>
public sealed class DeployTests
{
    private static readonly string Folder = Path.Combine(Golden.RepositoryRoot(), "deploy");

    [Fact]
    public void TheirSettingsAreSound()
    {
        string manifests = Read("kubernetes.yaml");
        YamlNode map = Documents("kubernetes.yaml").Single(document => Text(document["kind"]) == "ConfigMap");
        foreach (string yaml in (string[])[Read("gateway.yaml"), Text(map["data"]["gateway.yaml"])])
        {
            using TemporaryFolder folder = new();
            foreach (string name in (string[])["trail", "audit_key"])
                File.WriteAllText(folder.At(name), name == "trail" ? "postgres:Host=postgres;Username=gateway;Password=p" : new string('a', 64));
            string own = yaml.Replace("/run/secrets/gateway/", folder.Path + "/", StringComparison.Ordinal)
                .Replace("/run/secrets/", folder.Path + "/", StringComparison.Ordinal);
            Hashtable variables = new() { ["SAFERLHFV_GATEWAY__LISTEN"] = "http://0.0.0.0:8080", ["SAFERLHFV_GATEWAY__REPLICAS__NAME"] = "gateway-1" };
            foreach (string name in variables.Keys) Assert.Contains(name, manifests, StringComparison.Ordinal);
            GatewaySettings settings = GatewaySettingsReader.Parse(own, "gateway.yaml", folder.Path, EnvironmentSettings.Of(variables));
            Assert.Equal(("http://0.0.0.0:8080", "gateway-1"), (settings.Listen, settings.Replicas!.Name));
            int grace = Assert.Single([.. Documents("kubernetes.yaml").Where(document => Text(document["kind"]) == "Deployment")
                .Select(document => int.Parse(Text(document["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])))]);
            Assert.True(TimeSpan.FromSeconds(grace) > settings.Shutdown.Drain + settings.Shutdown.Finish, $"{grace} s");
            string wait = Text(Documents("compose.yaml").Single()["services"]["gateway"]["stop_grace_period"]);
            Assert.True(TimeSpan.FromSeconds(int.Parse(wait.TrimEnd('s'))) > settings.Shutdown.Drain + settings.Shutdown.Finish, wait);
        }
        Guard.PolicyReader.Parse(Text(map["data"]["policy.yaml"]));
        Assert.Contains("SAFERLHFV_GATEWAY__LISTEN", Read("Containerfile"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheirProbesAreThere()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        YamlNode deployment = Documents("kubernetes.yaml").Single(document => Text(document["kind"]) == "Deployment");
        YamlNode container = deployment["spec"]["template"]["spec"]["containers"][0];
        foreach (string probe in (string[])["startupProbe", "livenessProbe", "readinessProbe"])
        {
            using HttpResponseMessage response = await gateway.GetAsync(Text(container[probe]["httpGet"]["path"]), key: null);
            Assert.Equal(200, (int)response.StatusCode);
        }
    }

    private static string Read(string name) => File.ReadAllText(Path.Combine(Folder, name));

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static IEnumerable<YamlNode> Documents(string name)
    {
        YamlStream stream = new();
        stream.Load(new StringReader(Read(name)));
        return stream.Documents.Select(document => document.RootNode);
    }
}
