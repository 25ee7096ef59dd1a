using System.Reflection;
using System.Runtime.CompilerServices;

namespace Proxy.Spiffe.Tests;

/// <summary>What an assembly shows to others, one line for each type and member, in an order that only depends on names.</summary>
internal static class PublicApiText
{
    private const string Snapshot = "PublicApi.txt";

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(int)] = "int",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(uint)] = "uint",
        [typeof(ushort)] = "ushort",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
        [typeof(char)] = "char",
        [typeof(double)] = "double",
    };

    private static readonly NullabilityInfoContext Nullability = new();

    /// <summary>Compares an assembly with what was agreed on for it; what it is now stands beside the test's program.</summary>
    public static void RequireAgreed(Assembly assembly)
    {
        var name = assembly.GetName().Name;
        var committed = Path.Combine(Root(), "tests", $"{name}.Tests", Snapshot);
        var found = Path.Combine(AppContext.BaseDirectory, Snapshot);
        var text = Of(assembly);
        File.WriteAllText(found, text);
        var agreed = File.Exists(committed) ? File.ReadAllText(committed) : "";
        Assert.True(text == agreed, $"""
            The public API of {name} is another one now:
            {string.Join('\n', Differences(agreed.Split('\n'), text.Split('\n')))}
            If that is meant, take it over and commit it:
                cp {found} {committed}
            """);
    }

    private static IEnumerable<string> Differences(string[] before, string[] now) =>
        before.Except(now).Select(line => $"- {line}").Concat(now.Except(before).Select(line => $"+ {line}"));

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Proxy.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException($"No Proxy.sln above {AppContext.BaseDirectory}.");
        return folder.FullName;
    }

    private static string Of(Assembly assembly) => string.Concat(
        from type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal)
        select $"{Header(type)}\n{string.Concat(Members(type).Order(StringComparer.Ordinal).Select(member => $"    {member}\n"))}");

    private static string Header(Type type)
    {
        var kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsValueType: true } => "struct",
            { IsInterface: true } => "interface",
            _ when type.IsSubclassOf(typeof(Delegate)) => "delegate",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        var bases = type.GetInterfaces().Select(Name).Order(StringComparer.Ordinal).ToList();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum))
            bases.Insert(0, Name(parent));
        return $"{kind} {type.Namespace}.{Name(type)}{(bases.Count == 0 || type.IsEnum ? "" : $" : {string.Join(", ", bases)}")}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => $"{field.Name} = {field.GetRawConstantValue()}");
        var fields = type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily).Select(Field);
        var properties = type.GetProperties(Declared).Where(property => IsSeen(property.GetMethod) || IsSeen(property.SetMethod)).Select(Property);
        var events = type.GetEvents(Declared).Where(happening => IsSeen(happening.AddMethod)).Select(happening => $"event {Name(happening.EventHandlerType!)} {happening.Name}");
        var constructors = type.GetConstructors(Declared).Where(IsSeen).Select(made => $"new({Parameters(made)})");
        var methods = type.GetMethods(Declared).Where(method => IsSeen(method) && IsWritten(method)).Select(Method);
        return [.. fields, .. properties, .. events, .. constructors, .. methods];
    }

    private static bool IsSeen(MethodBase? method) => method is { IsPublic: true } or { IsFamily: true };

    // Not what the compiler makes of a property, an event or a record.
    private static bool IsWritten(MethodInfo method) =>
        !method.IsDefined(typeof(CompilerGeneratedAttribute)) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));

    private static string Field(FieldInfo field) =>
        $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType, Nullability.Create(field))} {field.Name}{(field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "")}";

    private static string Property(PropertyInfo property)
    {
        var isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        var setter = !IsSeen(property.SetMethod) ? "" : isInit ? " init;" : " set;";
        var isRequired = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        var isStatic = (property.GetMethod ?? property.SetMethod)!.IsStatic ? "static " : "";
        return $"{isStatic}{isRequired}{Name(property.PropertyType, Nullability.Create(property))} {property.Name} {{ get;{setter} }}";
    }

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        return $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType, Nullability.Create(method.ReturnParameter))} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
    {
        var passed = parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? "ref " : "";
        var otherwise = parameter.HasDefaultValue ? $" = {parameter.RawDefaultValue ?? "default"}" : "";
        return $"{passed}{Name(parameter.ParameterType, Nullability.Create(parameter))} {parameter.Name}{otherwise}";
    }));

    private static string Name(Type type, NullabilityInfo nullability)
    {
        var mayBeNull = nullability.ReadState == NullabilityState.Nullable && Nullable.GetUnderlyingType(type) is null;
        return Name(type) + (mayBeNull ? "?" : "");
    }

    private static string Name(Type type)
    {
        if (type.IsByRef)
            return Name(type.GetElementType()!);
        if (type.IsArray)
            return $"{Name(type.GetElementType()!)}[]";
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return $"{Name(inner)}?";
        if (Keywords.TryGetValue(type, out var keyword))
            return keyword;
        var name = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        return type.IsGenericType ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }
}
