"""The thin layer between the package and the host: the component's imports in a component,
a recorder natively."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .http import HttpError, Request, Response

try:
    from wit_world.imports import http as _http  # type: ignore[import-not-found]
    from wit_world.imports import log as _log

    IS_COMPONENT = True
except ImportError:
    IS_COMPONENT = False


class Recorder:
    """What answers a plugin's calls in a native test."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.requests: list[Request] = []
        self.answers: deque[Response | HttpError] = deque()


recorder = Recorder()


def log(level: str, message: str) -> None:
    """Writes a line to the plugin's log."""
    if IS_COMPONENT:
        _log.log(_log.Level[level.upper()], message, [])
    else:
        recorder.log.append((level, message))


def send(request: Request) -> Response:
    """One HTTP exchange."""
    from .http import HttpError, Response

    if not IS_COMPONENT:
        recorder.requests.append(request)
        if not recorder.answers:
            raise HttpError("unreachable", "the test has no answer for this request")
        answer = recorder.answers.popleft()
        if isinstance(answer, HttpError):
            raise answer
        return answer

    from componentize_py_types import Err  # type: ignore[import-not-found]

    timeout = None if request.timeout is None else round(request.timeout * 1000)
    try:
        answer = _http.send(
            _http.Request(request.method, request.url, request.headers, request.body, timeout, [])
        )
    except Err as error:
        kind = error.value.kind.name.lower().replace("_", "-")
        raise HttpError(kind, error.value.message) from None
    return Response(answer.status, answer.headers, answer.body)
