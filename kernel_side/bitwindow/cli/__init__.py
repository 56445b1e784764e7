"""The command line: ``bitwindow demo``, ``doctor``, ``info`` and ``quantize``."""

from bitwindow.cli.entry import main as main
