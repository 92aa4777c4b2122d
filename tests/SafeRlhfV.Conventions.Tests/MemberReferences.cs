using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>The members of other assemblies that an assembly calls, as "Type.Member".</summary>
internal static class MemberReferences
{
    public static HashSet<string> Of(Assembly assembly)
    {
        using PEReader file = new(File.OpenRead(assembly.Location));
        MetadataReader reader = file.GetMetadataReader();
        return [.. reader.MemberReferences.Select(handle => Name(reader, reader.GetMemberReference(handle))).OfType<string>()];
    }

    private static string? Name(MetadataReader reader, MemberReference member)
    {
        TypeReferenceHandle type;
        if (member.Parent.Kind == HandleKind.TypeReference) type = (TypeReferenceHandle)member.Parent;
        else if (member.Parent.Kind == HandleKind.TypeSpecification)
        {
            BlobReader blob = reader.GetBlobReader(reader.GetTypeSpecification((TypeSpecificationHandle)member.Parent).Signature);
            if (blob.ReadSignatureTypeCode() != SignatureTypeCode.GenericTypeInstance) return null;
            blob.ReadByte();
            if (blob.ReadTypeHandle() is not { Kind: HandleKind.TypeReference } handle) return null;
            type = (TypeReferenceHandle)handle;
        }
        else return null;
        return $"{reader.GetString(reader.GetTypeReference(type).Name)}.{reader.GetString(member.Name)}";
    }
}
