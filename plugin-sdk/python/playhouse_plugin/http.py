"""HTTP to origins that the operator granted. The host resolves, connects and does TLS."""

from __future__ import annotations

import json as _json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import _host
from .error import HttpError

__all__ = ["HttpError", "Request", "Response", "get", "post", "request"]


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    method: str
    """`GET`, `POST`, …"""
    url: str
    """`https://host:port/path?query`, or `http+unix://%2Frun%2Fx.sock/path`."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Names and values, in the order they go out."""
    body: bytes = b""
    """At most 16 MiB."""
    timeout: float | None = None
    """Seconds for the whole exchange; none: what is left of the call."""


@dataclass(frozen=True)
class Response:
    """An answer. A redirect is one: it is not followed."""

    status: int
    """200, 404, …"""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Names in lower case, and values."""
    body: bytes = b""
    """At most 4 MiB."""

    @property
    def is_success(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case."""
        return next((value for known, value in self.headers if known == name.lower()), None)

    def json(self) -> Any:
        """The body, read as JSON."""
        return _json.loads(self.body)


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
    json: Any = None,
    timeout: float | None = None,
) -> Response:
    """Sends a request and waits for the answer; any status is one.

    `json` in place of `body` sends a value's JSON and says so in `content-type`.
    `timeout` is in seconds, for the whole exchange. Raises `HttpError`.
    """
    lines = list((headers or {}).items())
    if json is not None:
        lines.append(("content-type", "application/json"))
        body = _json.dumps(json)
    if isinstance(body, str):
        body = body.encode()
    return _host.send(Request(method, url, lines, body, timeout))


def get(
    url: str, *, headers: Mapping[str, str] | None = None, timeout: float | None = None
) -> Response:
    """A GET."""
    return request("GET", url, headers=headers, timeout=timeout)


def post(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
    json: Any = None,
    timeout: float | None = None,
) -> Response:
    """A POST."""
    return request("POST", url, headers=headers, body=body, json=json, timeout=timeout)
