using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace SafeRlhfV.Gateway;

/// <summary>Keeps the keys of the data protection in the database, so that a session begun at one gateway is known to all.</summary>
internal sealed class PostgresXmlRepository(ReplicaDatabase database) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() => [.. database.ReadSessionKeys().Select(XElement.Parse)];

    public void StoreElement(XElement element, string friendlyName) => database.AddSessionKey(friendlyName, element.ToString(SaveOptions.DisableFormatting));
}
