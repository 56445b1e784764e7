"""One door for everything that can be opened: a session file, a model file, or an object of a framework."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any


def load(source: Any, **settings: Any) -> Any:
    """Open a session file or a model.

    Args:
        source: The path of a ``.bitwindow`` file, or an object of a framework such as a Flax linen module.
        **settings: What the kind of source needs: ``fn=`` (the model's function) for a session of a plain JAX function,
            ``variables=`` and ``example=`` for a Flax module.

    Returns:
        A ``Quantizer`` for a ``.bitwindow`` file, else a ``Model``.

    Raises:
        SessionFileError: If a session file is damaged, newer, or lacks its function.
        ModelError: If nothing can open the source, or the model does not work on its example.
    """
    if isinstance(source, str | PathLike) and Path(source).suffix.lower() == ".bitwindow":
        from bitwindow.quantizer.file import open_session

        return open_session(Path(source), **settings)
    from bitwindow.model.load import load as load_model

    return load_model(source, **settings)
