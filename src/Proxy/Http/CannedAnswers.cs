using System.Text;

namespace Proxy.Http;

/// <summary>The answers that the gate gives itself, made once.</summary>
internal static class CannedAnswers
{
    private const string Refusal = "Access denied\r\n";

    private static readonly ReadOnlyMemory<byte>[] Denials =
        [Denial(false, false), Denial(false, true), Denial(true, false), Denial(true, true)];

    private static readonly ReadOnlyMemory<byte> BadRequest = Closing("400 Bad Request");
    private static readonly ReadOnlyMemory<byte> RequestTimeout = Closing("408 Request Timeout");
    private static readonly ReadOnlyMemory<byte> TargetTooLong = Closing("414 URI Too Long");
    private static readonly ReadOnlyMemory<byte> BadExpectation = Closing("417 Expectation Failed");
    private static readonly ReadOnlyMemory<byte> HeadTooLarge = Closing("431 Request Header Fields Too Large");
    private static readonly ReadOnlyMemory<byte> NotImplemented = Closing("501 Not Implemented");

    /// <summary>403 as Cilium gives it; to HEAD without its body.</summary>
    public static ReadOnlyMemory<byte> AccessDenied(bool closes, bool answersHead) =>
        Denials[(closes ? 2 : 0) + (answersHead ? 1 : 0)];

    /// <summary>The answer to what is not well formed; the connection closes after it.</summary>
    public static ReadOnlyMemory<byte> To(GateFault fault) => fault switch
    {
        GateFault.HeadTimedOut => RequestTimeout,
        GateFault.TargetTooLong => TargetTooLong,
        GateFault.HeadTooLarge or GateFault.TooManyHeaders => HeadTooLarge,
        GateFault.BadExpectation => BadExpectation,
        GateFault.ConnectMethod => NotImplemented,
        _ => BadRequest,
    };

    private static ReadOnlyMemory<byte> Denial(bool closes, bool answersHead) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 403 Forbidden\r\ncontent-length: {Refusal.Length}\r\ncontent-type: text/plain\r\n"
        + $"{(closes ? "connection: close\r\n" : "")}\r\n{(answersHead ? "" : Refusal)}");

    private static ReadOnlyMemory<byte> Closing(string status) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}
