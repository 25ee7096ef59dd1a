using System.Security.Cryptography;
using Proxy.Policy.Documents;

namespace Proxy.Issuer;

/// <summary>One file and the last good entries that it gave; a fault is logged once and changes nothing.</summary>
internal sealed class RegistrationFile(
    string path,
    Func<ManifestFile, RegisteredContent> read,
    Action<string> log)
{
    private (DateTime Written, long Length)? _stamp;
    private byte[]? _digest;
    private bool _isMissing;

    public RegisteredContent Content { get; private set; } = RegisteredContent.Empty;

    /// <summary>Reads the file if it looks changed, or in any case if <paramref name="force"/>; tells whether there are new entries.</summary>
    public bool Refresh(bool force)
    {
        try
        {
            // Of what a link leads to: mounted configuration changes by turning a link.
            var info = File.ResolveLinkTarget(path, returnFinalTarget: true) as FileInfo ?? new FileInfo(path);
            var stamp = (info.LastWriteTimeUtc, info.Length);
            if (!force && stamp == _stamp)
                return false;
            var content = Read(info);
            _stamp = stamp;
            return Take(content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ReportMissing(e.Message);
            return false;
        }
    }

    private static byte[] Read(FileInfo file) => file.Length <= ManifestReader.MaxBytes
        ? File.ReadAllBytes(file.FullName)
        : throw new IOException($"the file is larger than {ManifestReader.MaxBytes} bytes");

    private bool Take(byte[] content)
    {
        _isMissing = false;
        var digest = SHA256.HashData(content);
        if (_digest is not null && digest.AsSpan().SequenceEqual(_digest))
            return false;
        _digest = digest;
        return Parse(content);
    }

    private bool Parse(byte[] content)
    {
        try
        {
            var file = ManifestReader.Read(path, content);
            foreach (var fault in file.Faults)
                Report(fault.ToString());
            if (file.Faults.Count > 0)
                return false;
            Content = read(file);
            return true;
        }
        catch (RegistrationRefused refused)
        {
            Report(refused.Describe(path));
            return false;
        }
    }

    private void Report(string fault) => log($"issuer: {fault}; the last good entries of this file stay in force");

    private void ReportMissing(string reason)
    {
        if (!_isMissing)
            Report($"{path}: {reason}");
        _isMissing = true;
    }
}
