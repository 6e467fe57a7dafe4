"""Peers of streams in a native test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from .error import NetError

if TYPE_CHECKING:
    from .net import Connect


class _Step(NamedTuple):
    kind: Literal["expect", "answer", "close", "fail"]
    data: bytes = b""
    error: NetError | None = None


class Peer:
    """A peer in a test: what it expects to be sent, and what it sends.

    Steps are in order. What the plugin writes must be what the peer expects, cut into
    pieces anywhere: otherwise the test fails there. Once nothing more is expected, what
    comes is only kept. An answer is there to be read when everything expected before it has
    come; until then, and after the last step, a read times out.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        """Where it takes one connection."""
        self._steps: list[_Step] = []

    def expect(self, data: bytes) -> Peer:
        """Expects these bytes."""
        return self._then(_Step("expect", data))

    def answer(self, data: bytes) -> Peer:
        """Sends these bytes."""
        return self._then(_Step("answer", data))

    def close(self) -> Peer:
        """Sends no more."""
        return self._then(_Step("close"))

    def fail(self, error: NetError) -> Peer:
        """Fails whatever reads next; as the first step, connecting."""
        return self._then(_Step("fail", error=error))

    def _then(self, step: _Step) -> Peer:
        self._steps.append(step)
        return self


@dataclass
class Stream:
    """A connection that a plugin made in a test."""

    connect: Connect
    """What it asked for."""
    sent: bytes = b""
    """What it wrote."""
    finished: bool = False
    """It said that it sends no more."""
    closed: bool = False
    """It closed the connection."""


class _ScriptedStream:
    def __init__(self, stream: Stream, steps: list[_Step]) -> None:
        self._stream = stream
        self._steps = steps

    def read(self, size: int, timeout: float | None) -> bytes:
        steps = self._steps
        while steps and steps[0].kind in ("expect", "answer") and not steps[0].data:
            steps.pop(0)
        match steps[:1]:
            case [_Step("answer", data)]:
                steps[0] = _Step("answer", data[size:])
                return data[:size]
            case [_Step("close")]:
                return b""
            case [_Step("fail", error=NetError() as error)]:
                raise error
            case _:
                raise NetError("timed-out", f"`{self._stream.connect.address}` sent nothing")

    def write(self, data: bytes, timeout: float | None) -> None:
        start = len(self._stream.sent)
        self._stream.sent += data
        for at, step in enumerate(self._steps):
            if step.kind == "expect":
                size = min(len(step.data), len(data))
                if data[:size] != step.data[:size]:
                    raise AssertionError(
                        f"`{self._stream.connect.address}` was sent {data[:size]!r} from byte "
                        f"{start} on, and expects {step.data[:size]!r}"
                    )
                self._steps[at] = _Step("expect", step.data[size:])
                data = data[size:]
                start += size

    def finish(self) -> None:
        self._stream.finished = True

    def close(self) -> None:
        self._stream.closed = True


def meet(connect: Connect, peers: list[Peer], streams: list[Stream]) -> _ScriptedStream:
    """The stream to the first peer at that address, which is then taken."""
    found = next((peer for peer in peers if peer.address == connect.address), None)
    if found is None:
        raise NetError("unreachable", f"the test has no peer at `{connect.address}`")
    peers.remove(found)
    match found._steps[:1]:
        case [_Step("fail", error=NetError() as error)]:
            raise error
    stream = Stream(connect)
    streams.append(stream)
    return _ScriptedStream(stream, list(found._steps))
