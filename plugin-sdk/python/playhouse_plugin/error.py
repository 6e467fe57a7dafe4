"""Why the host did not do what a plugin asked of it."""

from __future__ import annotations


class HostError(Exception):
    """What `http` and `net` raise.

    Where it leaves a sink's hook, the host tries again later; it stops where asking again
    will not help, which is for `denied` and `invalid`. In `start`, `prepare` and `finish`
    it is a failure, as `Failed` is.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        """`denied`, `limit`, `invalid`, `unresolved`, `unreachable`, `timed-out`,
        `closed`, `tls`, `other`"""
        self.message = message
        """In words. For `denied` it ends with the flag that would allow it."""


class HttpError(HostError):
    """There is no answer to a request."""


class NetError(HostError):
    """There is no connection, or it did not do what was asked. `timed-out` of a read loses
    nothing; after any other error the connection is of no use."""


class SecretError(Exception):
    """There is no value.

    Where it leaves a sink's hook, the host tries again later if it is `Missing`, and stops
    if it is `Denied`. In `start`, `prepare` and `finish` it is a failure, as `Failed` is.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        """In words. For `Denied` it ends with the flag that would allow it."""


class Denied(SecretError):
    """The secret was not granted."""


class Missing(SecretError):
    """The secret was granted, and its source has no value."""
