using System.Reflection;
using Google.Protobuf.Reflection;

namespace Proxy.Commands.Observe;

/// <summary>The name of an enum value in the API, which is what Hubble prints.</summary>
internal static class EnumName
{
    public static string Of<T>(T value) where T : struct, Enum =>
        Names<T>.ByValue.GetValueOrDefault(value) ?? value.ToString();

    private static class Names<T> where T : struct, Enum
    {
        public static readonly Dictionary<T, string> ByValue = typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static)
            .ToDictionary(field => (T)field.GetValue(null)!, field => field.GetCustomAttribute<OriginalNameAttribute>()?.Name ?? field.Name);
    }
}
