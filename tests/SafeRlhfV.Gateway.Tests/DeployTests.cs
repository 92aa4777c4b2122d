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
    public void TheComposeFileIsWhole()
    {
        YamlMappingNode compose = (YamlMappingNode)Documents("compose.yaml").Single();
        YamlMappingNode services = (YamlMappingNode)compose["services"];
        foreach ((YamlNode name, YamlNode service) in services)
        {
            Assert.True(Has(service, "image") ^ Has(service, "build"), $"{name} has an image or is built");
            if (Has(service, "image")) Assert.Matches(":[0-9]", Text(service["image"]));
            else Assert.True(File.Exists(Path.Combine(Folder, Text(service["build"]["context"]), Text(service["build"]["dockerfile"]))));
            Assert.Empty(Texts(service, "secrets").Except(Names(compose["secrets"])));
            foreach (string[] volume in Texts(service, "volumes").Select(volume => volume.Split(':')))
                if (volume[0].StartsWith('.')) Assert.True(File.Exists(Path.Combine(Folder, volume[0])), volume[0]);
                else Assert.Contains(volume[0], Names(compose["volumes"]));
            if (!Has(service, "depends_on")) continue;
            foreach ((YamlNode other, YamlNode condition) in (YamlMappingNode)service["depends_on"])
                Assert.True(Has(services[other], "healthcheck") || Text(condition["condition"]) != "service_healthy", $"{other} has no healthcheck");
        }
        // what the gateway's own file reads is mounted, and the port is the one that it listens on
        Assert.All(["/etc/gateway/gateway.yaml", "/etc/gateway/policy.yaml"], path =>
            Assert.Contains(Texts(services["gateway"], "volumes"), volume => volume.Split(':')[1] == path));
        Assert.Equal("127.0.0.1:8080:8080", Assert.Single(Texts(services["gateway"], "ports")));
    }

    [Fact]
    public void TheContainerFileIsWhole()
    {
        string[][] lines = [.. Read("Containerfile").ReplaceLineEndings("\n").Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        Assert.Empty(lines.Select(line => line[0]).Except(["FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT"]));
        string[][] bases = [.. lines.Where(line => line[0] == "FROM")];
        Assert.All(bases, line => Assert.Matches(@":\d", line[1]));
        string[] stages = [.. bases.Where(line => line.Length == 4).Select(line => line[3])];
        Assert.All(lines.Where(line => line[0] == "COPY" && line[1].StartsWith("--from=", StringComparison.Ordinal)),
            line => Assert.Contains(line[1]["--from=".Length..], stages));
        Assert.Equal("$APP_UID", Assert.Single(lines, line => line[0] == "USER")[1]);
        Assert.Equal("8080", Assert.Single(lines, line => line[0] == "EXPOSE")[1]);
        Assert.Contains("SAFERLHFV_GATEWAY__LISTEN=http://0.0.0.0:8080", lines.Single(line => line[0] == "ENV"));
        Assert.Equal("ENTRYPOINT", lines[^1][0]);
        Assert.Equal(["dotnet", "/app/safe-rlhf-v.dll", "serve", "--config", "/etc/gateway/gateway.yaml"],
            System.Text.Json.JsonSerializer.Deserialize<string[]>(string.Join(' ', lines[^1][1..]))!);
        string project = lines.SelectMany(line => line).Single(word => word.StartsWith("src/", StringComparison.Ordinal));
        Assert.True(Directory.Exists(Path.Combine(Golden.RepositoryRoot(), project)), project);
    }

    [Fact]
    public void TheManifestsFitTogether()
    {
        YamlNode[] manifests = [.. Documents("kubernetes.yaml")];
        YamlNode Kind(string kind) => manifests.Single(document => Text(document["kind"]) == kind);
        YamlNode pods = Kind("Deployment")["spec"]["template"], container = pods["spec"]["containers"][0];
        Assert.DoesNotContain(":latest", Text(container["image"]), StringComparison.Ordinal);
        string[] volumes = [.. Each(pods["spec"]["volumes"]).Select(volume => Text(volume["name"]))];
        Assert.Empty(Each(container["volumeMounts"]).Select(mount => Text(mount["name"])).Except(volumes));
        string app = Text(pods["metadata"]["labels"]["app"]);
        foreach (YamlNode selector in (YamlNode[])[Kind("Deployment")["spec"]["selector"]["matchLabels"], Kind("Service")["spec"]["selector"],
            Kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"]])
            Assert.Equal(app, Text(selector["app"]));
        string[] ports = [.. Each(container["ports"]).Select(port => Text(port["name"]))];
        Assert.Contains(Text(Assert.Single(Each(Kind("Service")["spec"]["ports"]))["targetPort"]), ports);
        int replicas = int.Parse(Text(Kind("Deployment")["spec"]["replicas"])), kept = int.Parse(Text(Kind("PodDisruptionBudget")["spec"]["minAvailable"]));
        Assert.InRange(kept, 1, replicas - 1);
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

    private static bool Has(YamlNode node, string key) => ((YamlMappingNode)node).Children.ContainsKey(key);

    private static IEnumerable<YamlNode> Each(YamlNode node) => (YamlSequenceNode)node;

    private static IEnumerable<string> Texts(YamlNode node, string key) => Has(node, key) ? Each(node[key]).Select(Text) : [];

    private static IEnumerable<string> Names(YamlNode node) => ((YamlMappingNode)node).Children.Keys.Select(Text);

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static IEnumerable<YamlNode> Documents(string name)
    {
        YamlStream stream = new();
        stream.Load(new StringReader(Read(name)));
        return stream.Documents.Select(document => document.RootNode);
    }
}
