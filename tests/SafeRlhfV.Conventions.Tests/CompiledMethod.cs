using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>A method as the compiler wrote it: its instructions in order, and where its try blocks begin.</summary>
internal sealed record CompiledMethod(string Name, MethodAttributes Attributes, IReadOnlyList<CompiledMethod.Instruction> Instructions,
    IReadOnlySet<int> TryOffsets)
{
    private static readonly ILookup<short, OpCode> Codes =
        typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (OpCode)field.GetValue(null)!).ToLookup(code => code.Value);

    /// <summary>An instruction; for one that names a method or a type, what it names: "Namespace.Type::Method(parameters)".</summary>
    internal sealed record Instruction(OpCode Code, int End, string Operand);

    /// <summary>All methods of an assembly that have a body.</summary>
    public static IReadOnlyList<CompiledMethod> In(Assembly assembly)
    {
        using PEReader file = new(File.OpenRead(assembly.Location));
        MetadataReader reader = file.GetMetadataReader();
        Names names = new(reader);
        return [.. reader.MethodDefinitions.Select(handle => (Handle: handle, Address: reader.GetMethodDefinition(handle).RelativeVirtualAddress))
            .Where(method => method.Address != 0)
            .Select(method => Read(names, method.Handle, reader.GetMethodDefinition(method.Handle).Attributes, file.GetMethodBody(method.Address)))];
    }

    private static CompiledMethod Read(Names names, MethodDefinitionHandle handle, MethodAttributes attributes, MethodBodyBlock body)
    {
        List<Instruction> instructions = [];
        BlobReader code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            int first = code.ReadByte();
            OpCode operation = Codes[(short)(first == 0xFE ? first << 8 | code.ReadByte() : first)].Single();
            string operand = "";
            if (operation.OperandType is OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
                operand = names.Of(MetadataTokens.EntityHandle(code.ReadInt32()));
            else
            {
                int size = operation.OperandType == OperandType.InlineSwitch ? 4 * code.ReadInt32() : Size(operation.OperandType);
                code.Offset += size;
            }
            instructions.Add(new Instruction(operation, code.Offset, operand));
        }
        return new CompiledMethod(names.Of(handle), attributes, instructions, body.ExceptionRegions.Select(region => region.TryOffset).ToHashSet());
    }

    private static int Size(OperandType type) => type switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        _ => 4,
    };

    private sealed class Names(MetadataReader reader) : ISignatureTypeProvider<string, object?>
    {
        public string Of(EntityHandle handle) => handle.Kind switch
        {
            HandleKind.MethodDefinition => Method(reader.GetMethodDefinition((MethodDefinitionHandle)handle)),
            HandleKind.MemberReference => Member(reader.GetMemberReference((MemberReferenceHandle)handle)),
            HandleKind.MethodSpecification => Of(reader.GetMethodSpecification((MethodSpecificationHandle)handle).Method),
            HandleKind.TypeDefinition => GetTypeFromDefinition(reader, (TypeDefinitionHandle)handle, 0),
            HandleKind.TypeReference => GetTypeFromReference(reader, (TypeReferenceHandle)handle, 0),
            HandleKind.TypeSpecification => GetTypeFromSpecification(reader, null, (TypeSpecificationHandle)handle, 0),
            _ => "",
        };

        private string Method(MethodDefinition method) =>
            $"{Of(method.GetDeclaringType())}::{reader.GetString(method.Name)}{Parameters(method.DecodeSignature(this, null))}";

        private string Member(MemberReference member) =>
            $"{Of(member.Parent)}::{reader.GetString(member.Name)}{(member.GetKind() == MemberReferenceKind.Method ? Parameters(member.DecodeMethodSignature(this, null)) : "")}";

        private static string Parameters(MethodSignature<string> signature) => $"({string.Join(", ", signature.ParameterTypes)})";

        public string GetTypeFromDefinition(MetadataReader from, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            TypeDefinition type = from.GetTypeDefinition(handle);
            return (type.GetDeclaringType().IsNil ? from.GetString(type.Namespace) + "." : Of(type.GetDeclaringType()) + "+") + from.GetString(type.Name);
        }

        public string GetTypeFromReference(MetadataReader from, TypeReferenceHandle handle, byte rawTypeKind)
        {
            TypeReference type = from.GetTypeReference(handle);
            return (type.ResolutionScope.Kind == HandleKind.TypeReference ? Of(type.ResolutionScope) + "+" : from.GetString(type.Namespace) + ".")
                + from.GetString(type.Name);
        }

        public string GetTypeFromSpecification(MetadataReader from, object? context, TypeSpecificationHandle handle, byte rawTypeKind) =>
            from.GetTypeSpecification(handle).DecodeSignature(this, context);

        // a method of a generic type is the same method whatever the type's arguments
        public string GetGenericInstantiation(string generic, ImmutableArray<string> arguments) => generic;

        public string GetPrimitiveType(PrimitiveTypeCode code) => "System." + code;

        public string GetSZArrayType(string element) => element + "[]";

        public string GetArrayType(string element, ArrayShape shape) => element + "[,]";

        public string GetByReferenceType(string element) => element + "&";

        public string GetPointerType(string element) => element + "*";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "*()";

        public string GetGenericMethodParameter(object? context, int index) => "!!" + index;

        public string GetGenericTypeParameter(object? context, int index) => "!" + index;

        public string GetModifiedType(string modifier, string unmodified, bool required) => unmodified;

        public string GetPinnedType(string element) => element;
    }
}
