"""The plugin's own log: `artifacts/<ident>/plugins/<name>/log`."""

from __future__ import annotations

from . import _host


def trace(message: str) -> None:
    """Every step."""
    _host.log("trace", message)


def debug(message: str) -> None:
    """For who looks for a fault."""
    _host.log("debug", message)


def info(message: str) -> None:
    """What was done."""
    _host.log("info", message)


def warn(message: str) -> None:
    """What was survived."""
    _host.log("warn", message)


def error(message: str) -> None:
    """What was not."""
    _host.log("error", message)
