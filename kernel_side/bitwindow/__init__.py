"""bitwindow: see what fixed point does to a neural network, and change it by hand.

Everything public is named here and nowhere else.
"""

from importlib.metadata import PackageNotFoundError, version

from bitwindow import demo as demo
from bitwindow.errors import DataError as DataError
from bitwindow.errors import ExecutionError as ExecutionError
from bitwindow.errors import FormatError as FormatError
from bitwindow.errors import ModelError as ModelError
from bitwindow.errors import SessionFileError as SessionFileError
from bitwindow.errors import SettingError as SettingError
from bitwindow.loading import load as load
from bitwindow.model.record import Model as Model
from bitwindow.numbers.channel_formats import ChannelFormats as ChannelFormats
from bitwindow.numbers.format import FixedPoint as FixedPoint
from bitwindow.numbers.public import quantize as quantize
from bitwindow.numbers.public import stored_integer as stored_integer
from bitwindow.quantizer.quantizer import Quantizer as Quantizer
from bitwindow.registry.announce import announce as _announce
from bitwindow.spectrum.counts import Counts as Counts
from bitwindow.spectrum.record import Spectrum as Spectrum

try:
    __version__ = version("bitwindow")
except PackageNotFoundError:  # a checkout that is not installed
    __version__ = "0"

_announce()
