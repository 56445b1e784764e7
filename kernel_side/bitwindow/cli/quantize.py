"""``bitwindow quantize``: calibrate, choose types, validate and save, from the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bitwindow.cli.data import inputs_of, labels_of, read_data
from bitwindow.errors import SettingError
from bitwindow.evaluate.metrics import parse_metric
from bitwindow.numbers.modes import Overflow, Rounding

if TYPE_CHECKING:
    from bitwindow.assign.offer import Offer
    from bitwindow.cli.subcommands import Subcommands
    from bitwindow.execute.modes import Modes
    from bitwindow.quantizer.best import Best
    from bitwindow.quantizer.quantizer import Quantizer
    from bitwindow.quantizer.state import State

METRIC = "accuracy"
LOSS = "loss"


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "quantize",
        help="calibrate a model, choose its types, and save the result",
        description="Calibrates a model, chooses its types, validates it if there is data for that, and saves it. "
        "DATA.npz holds the inputs as 'x' (or as its only array; or, for a model that takes a dictionary, under its "
        "keys) and for --validation the labels as 'y'. With --calibration they may be missing: what measures takes the "
        "float network's outputs then.",
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="a .bitwindow file, or a model file such as net.onnx")
    parser.add_argument("--calibration", metavar="DATA.npz", type=Path, required=True, help="inputs to calibrate with")
    parser.add_argument("--validation", metavar="DATA.npz", type=Path, help="inputs and labels to validate with")
    parser.add_argument(
        "--metric", help="of the validation, and of --best, --wider and the scheme loss (default: accuracy)"
    )
    parser.add_argument("-o", "--output", metavar="OUT.bitwindow", type=Path, required=True)
    parser.add_argument(
        "--function",
        metavar="MODULE:NAME",
        help="the model's function, for a file of a plain function; MODULE is imported, from here or as installed",
    )
    parser.add_argument("--prepare", action="store_true", help="fold batch-norm and even out channel ranges first")
    parser.add_argument(
        "--scheme", help="minmax, histogram, mse, percentile, or loss on the calibration data (default: as in MODEL)"
    )
    parser.add_argument(
        "--best",
        action="store_true",
        help="find accurate types by the calibration data: by loss, biases corrected, windows by channel and more bits "
        "where needed; takes minutes",
    )
    parser.add_argument(
        "--drop",
        metavar="POINTS",
        type=float,
        help="with --best or --wider: what the metric may lose against the float network on the calibration data; of "
        "accuracy, points of a hundred (default: 1), of another metric its own unit",
    )
    parser.add_argument(
        "--word-length", metavar="BITS", type=int, help="of weights, activations and input (default: as in MODEL)"
    )
    parser.add_argument("--input-word-length", metavar="BITS", type=int, help="of the network's input, if it differs")
    parser.add_argument("--bias-word-length", metavar="BITS", type=int, help="of the biases (default: 32)")
    parser.add_argument(
        "--per-channel", action="store_true", default=None, help="a type for each output channel of every weight"
    )
    parser.add_argument(
        "--wider",
        action="store_true",
        help="give weights windows by channel and sites more bits where needed, until the network loses at most --drop",
    )
    parser.add_argument("--signed", action="store_true", default=None, help="signed types everywhere")
    parser.add_argument("--rounding", choices=[mode.value for mode in Rounding])
    parser.add_argument("--overflow", choices=[mode.value for mode in Overflow])
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the command says and print a summary."""
    check(arguments)
    calibration = read_data(arguments.calibration)
    validation = None if arguments.validation is None else read_data(arguments.validation)
    quantizer = open_model(arguments.model, arguments.function)
    labels = None if validation is None else labels_of(validation, arguments.validation)
    samples = inputs_of(calibration, quantizer.model.example, arguments.calibration)
    start = quantizer.state
    if arguments.prepare:
        print(quantizer.prepare(samples))
    take_modes(quantizer, start.modes, arguments)
    quantizer.calibrate(samples, restart=True)
    choose_types(quantizer, start, (samples, calibration.get("y")), arguments)
    if validation is not None:
        inputs = inputs_of(validation, quantizer.model.example, arguments.validation)
        print(quantizer.validate(inputs, labels, arguments.metric or METRIC))
    quantizer.save(arguments.output)
    print(f"saved {arguments.output}")
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Check the options before a file is read.

    Raises:
        SettingError: two of them contradict each other, or one has no effect.
    """
    if arguments.output.suffix.lower() != ".bitwindow":
        raise SettingError(f"--output: wanted a name that ends in .bitwindow, got {str(arguments.output)!r}.")
    if arguments.best and arguments.scheme is not None:
        raise SettingError(
            f"--best: wanted no --scheme beside it, got {arguments.scheme!r}. It chooses by loss; leave one out."
        )
    if arguments.best and arguments.wider:
        raise SettingError(
            "--best: wanted no --wider beside it. It gives more bits where needed by itself; leave one out."
        )
    measures = arguments.best or arguments.wider
    if arguments.drop is not None and not measures:
        raise SettingError(f"--drop: wanted --best or --wider, which keep to it, got {arguments.drop:g} alone.")
    if arguments.drop is not None and not 0 <= arguments.drop < inf:
        raise SettingError(f"--drop: wanted a number, at least 0, got {arguments.drop:g}.")
    if arguments.metric is not None and arguments.validation is None and not measures and arguments.scheme != LOSS:
        raise SettingError(
            f"--metric: wanted --validation, --best, --wider or --scheme loss, which measure it, got "
            f"{arguments.metric!r} alone."
        )


def take_modes(quantizer: Quantizer, modes: Modes, arguments: argparse.Namespace) -> None:
    """Give a quantizer the modes that its file had, which preparation starts anew, and those of the command."""
    quantizer.accumulator_bits = modes.accumulator_bits
    quantizer.accumulator_overflow = modes.accumulator_overflow
    quantizer.rounding = arguments.rounding or modes.rounding.value
    quantizer.overflow = arguments.overflow or modes.overflow.value


def choose_types(quantizer: Quantizer, start: State, data: tuple[Any, Any], arguments: argparse.Namespace) -> None:
    """Choose the types as the command says, where it says nothing as the model's file did, and print what was done."""
    metric = parse_metric(arguments.metric or METRIC)
    drop = arguments.drop if arguments.drop is None or not metric.proportion else arguments.drop / 100
    width = start.word_length if arguments.word_length is None else arguments.word_length
    settings = {
        "input_word_length": arguments.input_word_length,
        "bias_word_length": arguments.bias_word_length,
        "signed": arguments.signed,
        "per_channel": arguments.per_channel or kept_channels(quantizer, start),
    }
    done: Best | Offer | None = None
    if arguments.best:
        done = quantizer.assign_best(data, width, metric=metric.name, drop=drop, **settings)
    else:
        quantizer.assign(arguments.scheme or start.scheme, width, data=data, metric=metric.name, **settings)
    if arguments.wider:
        quantizer.accept(done := quantizer.wider(data, metric=metric.name, drop=drop))
    print(
        f"{len(quantizer.sites)} sites, {quantizer.float_bytes:,} -> {quantizer.quantized_bytes:,} bytes of parameters"
    )
    if done is not None or (done := quantizer.wider()):
        print(done)


def kept_channels(quantizer: Quantizer, start: State) -> bool | list[str]:
    """Return what the model's file said of types by channel, of the sites that preparation left."""
    kept = start.per_channel
    return kept if isinstance(kept, bool) else [name for name in quantizer.sites if name in kept]


def open_model(path: Path, function: str | None) -> Quantizer:
    """Return the quantizer of a model's file.

    Raises:
        SettingError: the file, or the function, is not there.
    """
    from bitwindow.loading import load
    from bitwindow.quantizer.quantizer import Quantizer

    if not path.is_file():
        raise SettingError(f"MODEL: wanted a file, and there is none named {str(path)!r}. Check the path.")
    loaded = load(path) if function is None else load(path, fn=import_function(function))
    return loaded if isinstance(loaded, Quantizer) else Quantizer(loaded)


def import_function(reference: str) -> Callable[..., Any]:
    """Return the function that the user names as ``module:name``, importing its module.

    Raises:
        SettingError: there is no such module or name.
    """
    module_name, _, name = reference.partition(":")
    if not module_name or not name:
        raise SettingError(f"--function: wanted MODULE:NAME, got {reference!r}. For example mynets:forward.")
    if "" not in sys.path:
        sys.path.insert(0, "")  # as python -m does; the installed command leaves the present folder out
    try:
        found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise SettingError(f"--function: wanted a function, and {reference!r} cannot be imported: {error}.") from error
    if not callable(found):
        raise SettingError(f"--function: wanted a function, got {type(found).__name__} from {reference!r}.")
    function: Callable[..., Any] = found
    return function
