using System.Diagnostics;

namespace Proxy.Spiffe.Tests.X509.Matrix;

/// <summary>The system's openssl, as a process.</summary>
internal static class Openssl
{
    public static (int ExitCode, byte[] Output, string Errors) Run(byte[] input, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        using (var stdin = process.StandardInput.BaseStream)
            stdin.Write(input);
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        return (process.ExitCode, output.ToArray(), errors.GetAwaiter().GetResult());
    }
}
