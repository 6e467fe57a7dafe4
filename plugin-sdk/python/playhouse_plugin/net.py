"""Byte streams to peers that the operator granted. The host resolves, connects and does
TLS; a plugin sees neither addresses nor keys::

    def greet(address: str) -> bytes:
        with net.connect(address, timeout=5) as peer:
            peer.write(b"hello\\n", timeout=5)
            return peer.read(1024, timeout=5)

In a test the peer is a script, `playhouse_plugin.testing.Peer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from . import _host
from .error import NetError

__all__ = ["CONNECT_TIMEOUT", "Connect", "Connection", "NetError", "connect"]

CONNECT_TIMEOUT = 10.0
"""Seconds that resolving, connecting and the TLS handshake may take unless said otherwise."""

_LARGEST_PIECE = 1 << 20
"""Bytes of one write: the host refuses more, so larger ones go in pieces."""


@dataclass(frozen=True)
class Connect:
    """Where to connect to and how."""

    address: str
    """`tcp://host:port`, `tls://host:port` or `unix:/path`."""
    timeout: float = CONNECT_TIMEOUT
    """Seconds to resolve, connect and shake hands."""
    alpn: tuple[str, ...] = ()
    """For `tls://`: protocols, offered in this order."""
    identity: str | None = None
    """For `tls://`: a client certificate, by the name the operator gave it."""


class Connection:
    """An open connection; `connect` makes one. It is closed by `close`, at the end of a
    `with`, and when nobody holds it any more."""

    def __init__(self, stream: _host.HostStream) -> None:
        self._open: _host.HostStream | None = stream

    def read(self, size: int, *, timeout: float | None = None) -> bytes:
        """Up to `size` bytes as soon as there are any; empty: the peer sends no more.

        `timeout` is in seconds; zero does not wait, and none is what is left of the call.
        Raises `NetError`, of the kind `timed-out` where nothing came in time.
        """
        return self._stream.read(size, timeout)

    def write(self, data: bytes, *, timeout: float | None = None) -> None:
        """Writes all of it. `timeout` is in seconds, for each MiB; none: what is left of
        the call. Raises `NetError`; it is not known then how much went out."""
        stream = self._stream
        rest = memoryview(data)
        for start in range(0, len(rest), _LARGEST_PIECE):
            stream.write(bytes(rest[start : start + _LARGEST_PIECE]), timeout)

    def finish(self) -> None:
        """Says that no more will be sent; reading goes on. Raises `NetError`."""
        self._stream.finish()

    def close(self) -> None:
        """Closes both ways. A second time does nothing."""
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def _stream(self) -> _host.HostStream:
        if self._open is None:
            raise ValueError("the plugin has closed this connection")
        return self._open

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def connect(
    address: str,
    *,
    timeout: float = CONNECT_TIMEOUT,
    alpn: Sequence[str] = (),
    identity: str | None = None,
) -> Connection:
    """Connects to `tcp://host:port`, `tls://host:port` or `unix:/path`.

    `timeout` is in seconds. For `tls://`, `alpn` are protocols to offer, and `identity` is
    the client certificate that the operator gave this name. Raises `NetError`.
    """
    return Connection(_host.connect(Connect(address, timeout, tuple(alpn), identity)))
