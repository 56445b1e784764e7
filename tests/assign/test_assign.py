"""From spectra to an assignment: widths, signs, following biases, float sites."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bitwindow.assign.assign import assign, follow_biases
from bitwindow.assign.records import Assignment
from bitwindow.errors import DataError, SettingError
from bitwindow.model.record import Model
from bitwindow.network.records import Contraction, FloatComputation, Layer, Network, Operand, SiteInfo, SiteKind, Value
from bitwindow.network.trace import trace
from bitwindow.numbers.format import FixedPoint
from bitwindow.spectrum.record import Spectrum

RNG = np.random.default_rng(0)
PARAMETERS = {
    "dense/kernel": RNG.standard_normal((4, 3)).astype(np.float32),
    "dense/bias": np.array([0.5, -0.25, 0.0], np.float32),
    "out/kernel": np.zeros((3, 2), np.float32),
    "out/bias": np.array([1.0, 2.0], np.float32),
}
SPECTRA = {
    "input": Spectrum.of(np.array([0.0, 0.5, 0.99], np.float32)),
    "dense": Spectrum.of(np.array([0.0, 3.0], np.float32)),
    "out": Spectrum.of(np.array([-1.0, 2.0], np.float32)),
}


def dense(name: str, source: str) -> Layer:
    return Layer(
        name=name,
        operation=Contraction(contracting=((1,), (0,)), batch=((), ())),
        operands=(Operand(value=source), Operand(parameter=f"{name}/kernel")),
        outputs=(name,),
        bias=Operand(parameter=f"{name}/bias"),
    )


def site(name: str, kind: SiteKind, layer: str, float_reason: str = "") -> SiteInfo:
    return SiteInfo(name=name, kind=kind, shape=(3,), layer=layer, float_reason=float_reason)


def network(*, float_middle: bool = False) -> Network:
    """Input -> dense -> softmax (float, or left out) -> out."""
    names = ["input", "dense", "out"]
    sites = [
        site("input", "input", "input"),
        site("dense/kernel", "weight", "dense"),
        site("dense/bias", "bias", "dense"),
        site("dense", "activation", "dense"),
        site("out/kernel", "weight", "out"),
        site("out/bias", "bias", "out"),
        site("out", "activation", "out"),
    ]
    layers = [dense("dense", "input"), dense("out", "softmax" if float_middle else "dense")]
    if float_middle:
        names.append("softmax")
        sites.insert(4, site("softmax", "activation", "softmax", "float, because softmax has no integer form here"))
        operation = FloatComputation(function=lambda x: (x,), reason="softmax")
        layers.insert(
            1, Layer(name="softmax", operation=operation, operands=(Operand(value="dense"),), outputs=("softmax",))
        )
    return Network(
        batch=1,
        inputs=("input",),
        outputs=("out",),
        output_tree=None,
        values={name: Value(name=name, shape=(1, 3), dtype=np.dtype(np.float32), site=name) for name in names},
        layers=tuple(layers),
        sites={one.name: one for one in sites},
        parameters=PARAMETERS,
        observe=lambda *_: ((), {}),
    )


def types(assignment: Assignment) -> dict[str, str]:
    return {name: str(fmt) for name, fmt in assignment.formats.items()}


def test_defaults() -> None:
    got = assign(network(), SPECTRA, PARAMETERS, scheme="minmax")
    assert list(got.formats) == list(network().sites) == list(got.reasons)
    assert types(got) == {
        "input": "ufix8_En8",
        "dense/kernel": "sfix8_En6",
        "dense/bias": "sfix32_En14",
        "dense": "ufix8_En6",
        "out/kernel": "sfix8_En7",
        "out/bias": "sfix32_En13",
        "out": "sfix8_En5",
    }
    assert got.following == {"dense/bias", "out/bias"}
    assert got.reasons["dense/bias"] == "follows the products of dense: 32 bits at 2^-14"
    assert got.flags == {"out/kernel": "all values are zero"}
    assert got.scheme == "minmax"


def test_signed_everywhere() -> None:
    got = assign(network(), SPECTRA, PARAMETERS, signed=True)
    assert all(isinstance(fmt, FixedPoint) and fmt.signed for fmt in got.formats.values())


def test_a_sites_width_wins_over_its_kinds_and_that_over_the_rest() -> None:
    got = assign(
        network(),
        SPECTRA,
        PARAMETERS,
        word_length=6,
        input_word_length=10,
        word_lengths={"weight": 4, "out/kernel": 3, "dense/bias": 12},
    )
    widths = {name: fmt.word_length for name, fmt in got.formats.items() if isinstance(fmt, FixedPoint)}
    assert list(widths.values()) == [10, 4, 12, 6, 3, 32, 6]
    assert got.following == {"out/bias"}


def test_biases_with_a_width_of_their_own_follow_nothing() -> None:
    got = assign(network(), SPECTRA, PARAMETERS, scheme="minmax", bias_word_length=8)
    assert types(got)["out/bias"] == "sfix8_En5"
    assert got.following == frozenset()


def test_biases_follow_a_change() -> None:
    net = network()
    got = assign(net, SPECTRA, PARAMETERS, scheme="minmax")
    moved = replace(got, formats={**got.formats, "input": FixedPoint(False, 8, 3)})
    after = follow_biases(net, moved)
    assert types(after)["dense/bias"] == "sfix32_En9"
    assert types(after)["out/bias"] == types(got)["out/bias"]
    assert list(after.formats) == list(got.formats)


def test_a_float_output_that_a_layer_of_integers_reads_is_cast() -> None:
    spectra = {**SPECTRA, "softmax": Spectrum.of(np.array([0.25, 0.75], np.float32))}
    got = assign(network(float_middle=True), spectra, PARAMETERS, scheme="minmax", word_lengths={"softmax": 6})
    assert types(got)["softmax"] == "ufix6_En6"
    assert got.reasons["softmax"] == (
        "minmax: window 2^-1 to 2^-6, the finest that holds 0.25 to 0.75 without overflow; softmax runs in float and "
        "its output is cast, as out reads it"
    )
    assert types(got)["out/bias"] == "sfix32_En13"


def test_a_float_output_that_nothing_else_reads_stays_float_until_it_is_named() -> None:
    net = network(float_middle=True)
    last = replace(net, layers=net.layers[:2], sites={name: net.sites[name] for name in list(net.sites)[:5]})
    spectra = {**SPECTRA, "softmax": Spectrum.of(np.array([0.25, 0.75], np.float32))}
    got = assign(last, spectra, PARAMETERS)
    assert got.formats["softmax"] == "float"
    assert got.reasons["softmax"] == "float, because softmax has no integer form here"
    named = assign(last, spectra, PARAMETERS, scheme="minmax", word_lengths={"softmax": 5})
    assert types(named)["softmax"] == "ufix5_En5"


def test_a_bias_beside_a_float_operand_is_float() -> None:
    net = network()
    got = assign(net, SPECTRA, PARAMETERS)
    after = follow_biases(net, replace(got, formats={**got.formats, "dense": "float"}))
    assert after.formats["out/bias"] == "float"
    assert after.reasons["out/bias"] == "float, because dense of layer out is float"


def test_an_lsb_that_no_type_has_is_taken_to_the_nearest_and_flagged() -> None:
    net = network()
    got = assign(net, SPECTRA, PARAMETERS)
    fine = {**got.formats, "input": FixedPoint(False, 8, 100), "dense/kernel": FixedPoint(True, 8, 100)}
    after = follow_biases(net, replace(got, formats=fine))
    # Of that type's range the bias is beyond: it takes the finest LSB that holds it, and says both.
    assert types(after)["dense/bias"] == "sfix32_En31"
    assert "no 32-bit type has the products' LSB 2^-200" in after.flags["dense/bias"]
    coarse = {**got.formats, "input": FixedPoint(False, 8, -90), "dense/kernel": FixedPoint(True, 8, -90)}
    assert types(follow_biases(net, replace(got, formats=coarse)))["dense/bias"] == "sfix32_E97"
    assert "dense/bias" not in follow_biases(net, replace(after, formats=got.formats)).flags


def test_a_bias_too_large_for_its_lsb_takes_the_finest_that_holds_it_and_is_flagged() -> None:
    net = network()
    got = assign(net, SPECTRA, PARAMETERS)
    fine = {**got.formats, "input": FixedPoint(False, 8, 20), "dense/kernel": FixedPoint(True, 8, 12)}
    after = follow_biases(net, replace(got, formats=fine))
    fmt = after.formats["dense/bias"]
    assert isinstance(fmt, FixedPoint)
    assert after.flags["dense/bias"].startswith("1 values overflow 32 bits at the products' LSB; ")
    spectrum = Spectrum.of(PARAMETERS["dense/bias"])
    assert fmt.fraction_length < 32
    assert spectrum.counts(fmt).overflow == 0
    assert spectrum.counts(FixedPoint(True, 32, fmt.fraction_length + 1)).overflow > 0


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"word_length": 1}, "word_length: wanted 2 to 16 bits; got 1"),
        ({"word_length": 17}, "word_length: wanted 2 to 16 bits; got 17"),
        ({"word_length": 8.0}, r"word_length: wanted 2 to 16 bits; got 8\.0"),
        ({"word_length": True}, "word_length: wanted 2 to 16 bits; got True"),
        ({"input_word_length": 0}, "input_word_length: wanted 2 to 16"),
        ({"bias_word_length": 33}, "bias_word_length: wanted 2 to 32 bits; got 33"),
        ({"word_lengths": {"dense/bias": 40}}, r"word_lengths\['dense/bias'\]: wanted 2 to 32"),
        ({"word_lengths": {"weight": 20}}, r"word_lengths\['weight'\]: wanted 2 to 16"),
        ({"word_lengths": {"conv9": 8}}, "wanted the name of a site or a kind .*got 'conv9'"),
        ({"scheme": "best"}, "scheme: wanted one of"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SettingError, match=complaint):
        assign(network(), SPECTRA, PARAMETERS, **settings)


def test_a_site_that_was_never_counted_is_named() -> None:
    with pytest.raises(DataError, match=r"wanted the spectrum of site 'input'; got none\. Calibrate"):
        assign(network(), {}, PARAMETERS)


@pytest.mark.parametrize(
    ("number", "text"), [(1 / 6, "sfix8_En9"), (3.0, "sfix8"), (-0.25, "sfix8_En2"), (1e9, "sfix8_E23")]
)
def test_a_number_keeps_more_than_its_highest_bit(number: float, text: str) -> None:
    params = {"w": np.ones((3, 4), np.float32), "scale": np.full((1,), number, np.float32)}
    net = trace(Model(lambda p, x: (x @ p["w"]) * p["scale"], params, np.ones((2, 3), np.float32)), 2)
    x = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)
    spectra = {name: Spectrum.of(x) for name, site in net.sites.items() if site.kind in {"input", "activation"}}
    made = assign(net, spectra, net.parameters)
    assert str(made.formats["scale"]) == text
    assert made.reasons["scale"].startswith("one number: window")
