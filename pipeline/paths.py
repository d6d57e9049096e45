"""Where the files that ship with the product lie."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the path of a shipped file or folder: ``lexicons``, ``models``, ``config.yaml``.

    In a checkout these lie at the top level; an installed wheel carries them inside the package.

    >>> shipped("lexicons").is_dir()
    True
    """
    for root in (_PACKAGE.parent, _PACKAGE / "_shipped"):
        path = root / name
        if path.exists():
            return path
    raise ConfigError(
        f"{_PACKAGE}: expected the shipped {name!r}, found none; reinstall the package"
    )
