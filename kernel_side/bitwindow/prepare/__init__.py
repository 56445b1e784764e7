"""Preparation: the same network written as hardware wants it, with batch-norm folded and channel ranges evened out."""
