"""Values that the operator set aside for this plugin, never the run's own passwords::

    def password() -> str | None:
        try:
            return secret.get("password")
        except secret.Denied:
            return None

The metadata asks for it (`{"kind": "secret", "name": "password", "optional": true}`), and
the operator says where the value is. Without `"optional": true` a run does not start where
the value is missing.
"""

from __future__ import annotations

from . import _host
from .error import Denied, Missing, SecretError

__all__ = ["Denied", "Missing", "SecretError", "get"]


def get(name: str) -> str:
    """The value of a secret. Ask when it is needed: its source may change during a run.
    Raises `Denied` or `Missing`."""
    return _host.secret(name)
