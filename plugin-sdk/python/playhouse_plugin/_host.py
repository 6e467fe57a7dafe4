"""The thin layer between the package and the host: the component's imports in a component,
a recorder natively."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from .error import Denied, HostError, HttpError, Missing, NetError

if TYPE_CHECKING:
    from ._peer import Peer, Stream
    from .http import Request, Response
    from .net import Connect

try:
    from componentize_py_types import Err  # type: ignore[import-not-found]
    from wit_world.imports import http as _http  # type: ignore[import-not-found]
    from wit_world.imports import log as _log
    from wit_world.imports import net as _net
    from wit_world.imports import secret as _secret

    IS_COMPONENT = True
except ImportError:
    IS_COMPONENT = False

_LARGEST_U32 = (1 << 32) - 1


class HostStream(Protocol):
    """An open connection: the host's, or one to a peer of a test."""

    def read(self, size: int, timeout: float | None) -> bytes: ...

    def write(self, data: bytes, timeout: float | None) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class Recorder:
    """What answers a plugin's calls in a native test."""

    def __init__(
        self, secrets: Mapping[str, str | None] | None = None, peers: Sequence[Peer] = ()
    ) -> None:
        self.log: list[tuple[str, str]] = []
        self.requests: list[Request] = []
        self.answers: deque[Response | HttpError] = deque()
        self.secrets = dict(secrets or {})
        self.peers = list(peers)
        self.streams: list[Stream] = []


recorder = Recorder()


def log(level: str, message: str) -> None:
    """Writes a line to the plugin's log."""
    if IS_COMPONENT:
        _log.log(_log.Level[level.upper()], message, [])
    else:
        recorder.log.append((level, message))


def send(request: Request) -> Response:
    """One HTTP exchange."""
    from .http import Response

    if not IS_COMPONENT:
        recorder.requests.append(request)
        if not recorder.answers:
            raise HttpError("unreachable", "the test has no answer for this request")
        answer = recorder.answers.popleft()
        if isinstance(answer, HttpError):
            raise answer
        return answer

    timeout = None if request.timeout is None else _millis(request.timeout)
    with _failing_as(HttpError):
        answer = _http.send(
            _http.Request(request.method, request.url, request.headers, request.body, timeout, [])
        )
    return Response(answer.status, answer.headers, answer.body)


def connect(connect: Connect) -> HostStream:
    """Opens a connection."""
    if not IS_COMPONENT:
        from ._peer import meet

        return meet(connect, recorder.peers, recorder.streams)

    options = _net.Options(_millis(connect.timeout), list(connect.alpn), connect.identity, [])
    with _failing_as(NetError):
        return _ComponentStream(_net.Connection.connect(connect.address, options))


class _ComponentStream:
    def __init__(self, resource: Any) -> None:
        self._resource = resource

    def read(self, size: int, timeout: float | None) -> bytes:
        with _failing_as(NetError):
            data: bytes = self._resource.read(min(size, _LARGEST_U32), _millis(timeout))
        return data

    def write(self, data: bytes, timeout: float | None) -> None:
        with _failing_as(NetError):
            self._resource.write(data, _millis(timeout))

    def finish(self) -> None:
        with _failing_as(NetError):
            self._resource.finish()

    def close(self) -> None:
        self._resource.__exit__(None, None, None)


def secret(name: str) -> str:
    """The value of a secret."""
    if not IS_COMPONENT:
        if name not in recorder.secrets:
            raise Denied(f"the test has no secret `{name}`")
        given = recorder.secrets[name]
        if given is None:
            raise Missing(f"the secret `{name}` has no value")
        return given

    try:
        value: str = _secret.get(name)
    except Err as error:
        is_denied = isinstance(error.value, _secret.SecretError_Denied)
        raise (Denied if is_denied else Missing)(error.value.value) from None
    return value


@contextmanager
def _failing_as(kind: type[HostError]) -> Iterator[None]:
    """Raises what the interface has for an error as the package's own."""
    try:
        yield
    except Err as error:
        name = error.value.kind.name.lower().replace("_", "-")
        raise kind(name, error.value.message) from None


def _millis(seconds: float | None) -> int:
    """None is as long as can be said: the host ends it with the call."""
    if seconds is None:
        return _LARGEST_U32
    return min(max(round(seconds * 1000), 0), _LARGEST_U32)
