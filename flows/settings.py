"""How Prefect is to behave here: quiet, and talking to nobody outside."""

from __future__ import annotations

import os

_DEFAULTS = {
    # No usage reports: the product works offline, and a closed network would log an error a run.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # An API of its own for the time of the run, unless PREFECT_API_URL names a server.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
}


def quiet_prefect() -> None:
    """Set Prefect's defaults for this process; what the environment already says is kept.

    To be called before Prefect is imported: it reads its settings once.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
