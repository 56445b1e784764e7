"""Session files: everything a quantizer knows, in a ``.bitwindow`` file that holds data and never code."""
