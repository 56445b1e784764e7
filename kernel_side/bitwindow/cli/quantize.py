"""``bitwindow quantize``: calibrate, choose types, validate and save, from the command line."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bitwindow.errors import DataError, SettingError
from bitwindow.numbers.modes import Overflow, Rounding

if TYPE_CHECKING:
    from bitwindow.cli.subcommands import Subcommands
    from bitwindow.quantizer.quantizer import Quantizer


def add(commands: Subcommands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "quantize",
        help="calibrate a model, choose its types, and save the result",
        description="Calibrates a model, chooses its types, validates it if there is data for that, and saves it. "
        "DATA.npz holds the inputs as 'x' (or as its only array; or, for a model that takes a dictionary, under its "
        "keys) and for --validation the labels as 'y'.",
    )
    parser.add_argument("model", metavar="MODEL", type=Path, help="a .bitwindow file, or a model file such as net.onnx")
    parser.add_argument("--calibration", metavar="DATA.npz", type=Path, required=True, help="inputs to calibrate with")
    parser.add_argument("--validation", metavar="DATA.npz", type=Path, help="inputs and labels to validate with")
    parser.add_argument("--metric", default="accuracy", help="of the validation (default: accuracy)")
    parser.add_argument("-o", "--output", metavar="OUT.bitwindow", type=Path, required=True)
    parser.add_argument(
        "--function",
        metavar="MODULE:NAME",
        help="the model's function, for a file of a plain function; MODULE is imported, from here or as installed",
    )
    parser.add_argument("--scheme", help="minmax, histogram, mse or percentile (default: as in MODEL)")
    parser.add_argument("--word-length", metavar="BITS", type=int, help="of weights, activations and input")
    parser.add_argument("--input-word-length", metavar="BITS", type=int)
    parser.add_argument("--bias-word-length", metavar="BITS", type=int)
    parser.add_argument(
        "--per-channel", action="store_true", default=None, help="a type for each output channel of every weight"
    )
    parser.add_argument(
        "--wider",
        action="store_true",
        help="give more bits where needed, until at most 1 %% of the calibration samples' classes differ from the "
        "float network's",
    )
    parser.add_argument("--signed", action="store_true", default=None, help="signed types everywhere")
    parser.add_argument("--rounding", choices=[mode.value for mode in Rounding])
    parser.add_argument("--overflow", choices=[mode.value for mode in Overflow])
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the command says and print a summary."""
    if arguments.output.suffix.lower() != ".bitwindow":
        raise SettingError(f"--output: wanted a name that ends in .bitwindow, got {str(arguments.output)!r}.")
    calibration = read_data(arguments.calibration)
    validation = None if arguments.validation is None else read_data(arguments.validation)
    quantizer = open_model(arguments.model, arguments.function)
    labels = None if validation is None else labels_of(validation, arguments.validation)
    for mode in ("rounding", "overflow"):
        if getattr(arguments, mode) is not None:
            setattr(quantizer, mode, getattr(arguments, mode))
    quantizer.calibrate(inputs_of(calibration, quantizer.model.example, arguments.calibration), restart=True)
    quantizer.assign(
        arguments.scheme,
        arguments.word_length,
        input_word_length=arguments.input_word_length,
        bias_word_length=arguments.bias_word_length,
        signed=arguments.signed,
        per_channel=arguments.per_channel,
    )
    print(
        f"{len(quantizer.sites)} sites, {quantizer.float_bytes:,} -> {quantizer.quantized_bytes:,} bytes of parameters"
    )
    if arguments.wider:
        samples = inputs_of(calibration, quantizer.model.example, arguments.calibration)
        quantizer.accept(offer := quantizer.wider((samples, None)))
        print(offer)
    elif offer := quantizer.wider():
        print(offer)
    if validation is not None:
        inputs = inputs_of(validation, quantizer.model.example, arguments.validation)
        print(quantizer.validate(inputs, labels, arguments.metric))
    quantizer.save(arguments.output)
    print(f"saved {arguments.output}")
    return 0


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


def read_data(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file by name.

    Raises:
        DataError: it is missing, no npz file, or holds Python objects.
    """
    if not path.is_file():
        raise DataError(f"{path}: wanted an npz file, and there is no file of that name. Check the path.")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file}
    except Exception as error:  # zip, zlib, npy and pickle each have their own
        raise DataError(f"{path}: wanted an npz file of plain arrays ({error}). Write it with numpy.savez.") from error


def inputs_of(data: dict[str, np.ndarray], example: Any, path: Path) -> Any:
    """Return a file's inputs in the form that the model takes.

    Raises:
        DataError: the file does not have the arrays that the model's inputs need.
    """
    if isinstance(example, dict):
        wanted = list(example)
        if all(name in data for name in wanted):
            return {name: data[name] for name in wanted}
        raise DataError(f"{path}: wanted the arrays {wanted}, got {list(data)}. Name them as the model's inputs.")
    if isinstance(example, tuple) and len(example) > 1:
        wanted = [f"x{position}" for position in range(len(example))]
        if all(name in data for name in wanted):
            return tuple(data[name] for name in wanted)
        raise DataError(f"{path}: wanted the arrays {wanted}, one for each input, got {list(data)}. Rename them.")
    others = [name for name in data if name != "y"]
    name = "x" if "x" in data else others[0] if len(others) == 1 else None
    if name is None:
        raise DataError(f"{path}: wanted the inputs as 'x' or as the only array, got {list(data)}. Name them 'x'.")
    return data[name]


def labels_of(data: dict[str, np.ndarray], path: Path) -> np.ndarray:
    """Return a file's labels.

    Raises:
        DataError: it has none.
    """
    if "y" not in data:
        raise DataError(f"{path}: wanted the labels as 'y', got {list(data)}. Add them to the file.")
    return data["y"]
