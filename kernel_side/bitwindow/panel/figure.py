"""bqplot's figure, whose views leave no listener in the page when they go."""

from __future__ import annotations

import traitlets
from bqplot import Figure

from bitwindow.panel.bit_window import MODULE_NAME, MODULE_VERSION


class QuietFigure(Figure):
    """A figure that is drawn by a view of ours: bqplot's, which also ends what its tooltips listen to."""

    _view_name = traitlets.Unicode("QuietFigure").tag(sync=True)
    _view_module = traitlets.Unicode(MODULE_NAME).tag(sync=True)
    _view_module_version = traitlets.Unicode(MODULE_VERSION).tag(sync=True)
