using Proxy.Engine;

namespace Fuzz.Targets;

/// <summary>One end of a tunnel that does what it may, and another account of what the frames that came must mean.</summary>
internal sealed class TunnelPeer(bool isServer)
{
    private readonly TunnelDialogue _dialogue = new(isServer);
    private bool _isUnderway;
    private bool _isAccepted;
    private bool _peerEnded;
    private long _ofNobody;

    /// <summary>Does one of the things that this end does by itself, if now is the time for it.</summary>
    public void Do(int deed)
    {
        switch (deed)
        {
            case 1 when isServer && _isUnderway && !_isAccepted:
                _dialogue.Accept();
                _isAccepted = true;
                break;
            case 2 when isServer && _isUnderway && !_isAccepted:
                _dialogue.Refuse();
                Leave();
                break;
            case 3 when _isUnderway && _isAccepted && _peerEnded:
                _dialogue.Finish();
                Leave();
                break;
            case 4 when isServer && !_dialogue.IsRetired:
                _dialogue.Retire();
                break;
            case 5 when isServer && _isUnderway && !_isAccepted && !_dialogue.IsRetired:
                _dialogue.ExcludeCurrent();
                _dialogue.Retire();
                Leave();
                break;
            case 6 when !isServer && _dialogue.IsFree:
                Begin(_dialogue.Begin());
                break;
        }
    }

    /// <summary>False when the frame ends the tunnel.</summary>
    public bool Receive(in TunnelFrame frame)
    {
        var (stream, wasRetired) = (_dialogue.Stream, _dialogue.IsRetired);
        if (_dialogue.Receive(frame) != TunnelFault.None)
            return false;
        Oracle.Holds(frame.Length <= TunnelFrame.MaximumData, "no payload is longer than a buffer");
        Oracle.Holds(_dialogue.Stream == stream || (isServer && frame.Type == FrameType.Open && _dialogue.Stream == stream + 1), "numbers go up by one, by OPEN");
        if (isServer)
            TakeFromClient(frame, wasRetired);
        else
            TakeFromServer(frame);
        return !_dialogue.IsExcluded && frame.Type != FrameType.Reset;
    }

    private void TakeFromClient(in TunnelFrame frame, bool wasRetired)
    {
        Oracle.Holds(frame.Type is FrameType.Open or FrameType.Data or FrameType.End or FrameType.Reset, "a client says nothing else");
        if (frame.Type == FrameType.Open)
        {
            Oracle.Holds(!_isUnderway, "one stream at a time");
            if (!wasRetired)
                Begin(frame.Stream);
        }
        else if (_isUnderway)
        {
            TakeOfStream(frame);
        }
        else
        {
            _ofNobody += frame.Length;
            Oracle.Holds(_ofNobody <= 2 * TunnelDialogue.MaximumUnheeded, "what nobody wants has an end");
        }
    }

    private void TakeFromServer(in TunnelFrame frame)
    {
        Oracle.Holds(frame.Type != FrameType.Open, "a server opens nothing");
        switch (frame.Type)
        {
            case FrameType.Accept or FrameType.Refuse:
                Oracle.Holds(_isUnderway && !_isAccepted && frame.Stream == _dialogue.Stream, "an answer is to the stream being opened");
                _isAccepted = true;
                if (frame.Type == FrameType.Refuse)
                    Leave();
                break;
            case FrameType.Data or FrameType.End:
                Oracle.Holds(_isUnderway && _isAccepted, "bytes are of a stream that was accepted");
                TakeOfStream(frame);
                break;
            case FrameType.Retire:
                Oracle.Holds(!_dialogue.IsFree, "nothing begins after RETIRE");
                break;
        }
    }

    private void TakeOfStream(in TunnelFrame frame)
    {
        Oracle.Holds(frame.Stream == _dialogue.Stream, "bytes are of the stream under way");
        Oracle.Holds(!_peerEnded || frame.Type == FrameType.Reset, "nothing follows END");
        _peerEnded |= frame.Type == FrameType.End;
    }

    private void Begin(uint stream)
    {
        Oracle.Holds(!_isUnderway && stream == _dialogue.Stream && !_dialogue.IsIdle, "a stream begins where there was none");
        (_isUnderway, _isAccepted, _peerEnded, _ofNobody) = (true, false, false, 0);
    }

    private void Leave()
    {
        (_isUnderway, _isAccepted) = (false, false);
        Oracle.Holds(_dialogue.IsIdle, "a stream that is over leaves the tunnel idle");
    }
}
