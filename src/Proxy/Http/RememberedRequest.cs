using System.Numerics;

namespace Proxy.Http;

/// <summary>
/// The outstanding request, kept for the record of its answer and for rules that change while it is under way.
/// Usual heads fit; longer ones, which <see cref="GateLimits"/> bounds, make it grow.
/// </summary>
internal sealed class RememberedRequest
{
    private const int UsualLength = 512;

    private byte[] _bytes = new byte[UsualLength];
    private int _methodEnd;
    private int _hostEnd;
    private int _targetEnd;
    private int _end;
    private byte _minorVersion;

    public RequestHead Head => new()
    {
        Method = _bytes.AsSpan(0, _methodEnd),
        Host = _bytes.AsSpan(_methodEnd, _hostEnd - _methodEnd),
        Target = _bytes.AsSpan(_hostEnd, _targetEnd - _hostEnd),
        Headers = _bytes.AsSpan(_targetEnd, _end - _targetEnd),
        MinorVersion = _minorVersion,
    };

    public void Keep(in RequestHead request)
    {
        var length = request.Method.Length + request.Host.Length + request.Target.Length + request.Headers.Length;
        if (length > _bytes.Length)
            _bytes = new byte[BitOperations.RoundUpToPowerOf2((uint)length)];
        _methodEnd = Append(request.Method, 0);
        _hostEnd = Append(request.Host, _methodEnd);
        _targetEnd = Append(request.Target, _hostEnd);
        _end = Append(request.Headers, _targetEnd);
        _minorVersion = request.MinorVersion;
    }

    private int Append(ReadOnlySpan<byte> part, int at)
    {
        part.CopyTo(_bytes.AsSpan(at));
        return at + part.Length;
    }
}
