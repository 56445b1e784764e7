"""Types for each output channel as users set, save, undo and evaluate them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from numpy.typing import NDArray

import bitwindow as bw
from bitwindow.errors import FormatError, SessionFileError, SettingError
from bitwindow.session.manifest import PLAIN_VERSION, SCHEMA_VERSION

RNG = np.random.default_rng(5)


def f32(values: Any) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


SCALES = 2.0 ** np.array([0, -5, -2, 1, -7, -1])
PARAMS = {
    "conv": {"kernel": f32(RNG.normal(size=(3, 3, 2, 6)) * SCALES), "bias": f32(RNG.normal(size=6))},
    "depth": {"kernel": f32(RNG.normal(size=(3, 3, 1, 6)) / SCALES), "bias": f32(RNG.normal(size=6))},
    "dense": {"kernel": f32(RNG.normal(size=(6, 4)) * SCALES[:4]), "bias": f32(RNG.normal(size=4))},
}
X = f32(RNG.normal(size=(24, 6, 6, 2)))


def network(params: Any, x: Any) -> Any:
    specs = ("NHWC", "HWIO", "NHWC")
    y = lax.conv_general_dilated(x, params["conv"]["kernel"], (1, 1), "SAME", dimension_numbers=specs)
    y = jax.nn.relu(y + params["conv"]["bias"])
    y = lax.conv_general_dilated(
        y, params["depth"]["kernel"], (2, 2), "SAME", dimension_numbers=specs, feature_group_count=6
    )
    y = jax.nn.relu(y + params["depth"]["bias"]).mean(axis=(1, 2))
    return y @ params["dense"]["kernel"] + params["dense"]["bias"]


Q = bw.Quantizer(bw.Model(network, PARAMS, X[:2]), batch=8).calibrate(X, progress=False)
"""One for all tests, so that its steps compile once."""


def quantizer() -> bw.Quantizer:
    return Q.assign("minmax", 8, per_channel=False)


def is_plain(q: bw.Quantizer, name: str) -> bool:
    return isinstance(q[name].format, bw.FixedPoint)


def counts_by_hand(values: np.ndarray, formats: bw.ChannelFormats, axis: int) -> bw.Counts:
    parts = [bw.Spectrum.of(np.take(values, channel, axis)).counts(formats[channel]) for channel in range(len(formats))]
    return bw.Counts(
        total=sum(one.total for one in parts),
        zero=sum(one.zero for one in parts),
        underflow=sum(one.underflow for one in parts),
        overflow=sum(one.overflow for one in parts),
        nan=0,
        inf=0,
    )


@pytest.mark.parametrize("scheme", ["minmax", "histogram", "mse", "percentile"])
def test_every_channel_gets_what_the_scheme_gives_it_alone(scheme: str) -> None:
    from bitwindow.assign.schemes import choose

    Q.assign(scheme, 6, per_channel=True)
    for name in ("conv/kernel", "depth/kernel", "dense/kernel"):
        formats, axis = Q[name].format, Q[name].channel_axis
        assert isinstance(formats, bw.ChannelFormats)
        assert axis is not None
        values = Q.network.parameters[name]
        rows = np.moveaxis(values, axis, 0)
        wanted = [choose(scheme, bw.Spectrum.of(row), 6, True, values=row).format for row in rows]
        assert list(formats) == wanted
        assert Q[name].counts == counts_by_hand(values, formats, axis)
        assert Q[name].reason.startswith(f"{scheme}, per channel: {len(formats)} windows")
    assert isinstance(Q["conv"].format, bw.FixedPoint)


def test_biases_follow_each_channel_of_their_weights() -> None:
    Q.assign("minmax", 8, per_channel=True)
    kernel, x = Q["depth/kernel"].format, Q["conv"].format
    assert isinstance(kernel, bw.ChannelFormats)
    assert isinstance(x, bw.FixedPoint)
    wanted = tuple(x.fraction_length + length for length in kernel.fraction_lengths)
    assert Q["depth/bias"].format == bw.ChannelFormats(True, 32, wanted)
    assert "channel by channel" in Q["depth/bias"].reason
    Q.assign("minmax", 8, bias_word_length=8)
    assert is_plain(Q, "depth/bias")
    assert not is_plain(Q, "depth/kernel")  # as last time


def test_a_bias_that_would_not_fit_gets_a_coarser_lsb_in_its_channel_alone() -> None:
    params = {**PARAMS, "dense": {**PARAMS["dense"], "bias": f32([1.0, 300.0, 2.0, 3.0])}}
    params["dense"]["kernel"] = f32(params["dense"]["kernel"] * 2.0**-20)
    q = bw.Quantizer(bw.Model(network, params, X[:2]), batch=8).calibrate(X, progress=False)
    q.assign("minmax", 8, per_channel=True)
    kernel, bias, x = q["dense/kernel"].format, q["dense/bias"].format, q.assignment.formats["mean"]
    assert isinstance(kernel, bw.ChannelFormats)
    assert isinstance(bias, bw.ChannelFormats)
    assert isinstance(x, bw.FixedPoint)
    follows = [x.fraction_length + length for length in kernel.fraction_lengths]
    assert follows[1] > bias.fraction_lengths[1] == 22  # 300 * 2^22 is the largest below 2^31
    assert all(
        own == min(wanted, 31 - 1 - msb)
        for own, wanted, msb in zip(bias.fraction_lengths, follows, (0, 8, 1, 1), strict=True)
    )
    assert "overflow 32 bits" in q["dense/bias"].flag


def test_names_choose_the_sites_and_refusals_say_why() -> None:
    Q.assign("minmax", 8, per_channel={"depth/kernel"})
    assert isinstance(Q["depth/kernel"].format, bw.ChannelFormats)
    assert isinstance(Q["conv/kernel"].format, bw.FixedPoint)
    with pytest.raises(SettingError, match="per_channel: wanted sites with a type for each output channel, got 'conv'"):
        Q.assign("minmax", 8, per_channel=("conv",))
    with pytest.raises(SettingError, match="per_channel: wanted names of sites, got 'nosuch'"):
        Q.assign("minmax", 8, per_channel=("nosuch",))
    with pytest.raises(SettingError, match="per_channel: wanted True, False or names of sites, got 'conv/kernel'"):
        Q.assign("minmax", 8, per_channel="conv/kernel")


def test_types_by_channel_are_set_as_text_undone_and_redone() -> None:
    q = quantizer()
    q.assign("minmax", 8, per_channel=False)
    before = q["conv/kernel"].format
    q["conv/kernel"].format = "sfix8_En[7,6,5,4,3,2]"
    made = q["conv/kernel"].format
    assert made == bw.ChannelFormats(True, 8, (7, 6, 5, 4, 3, 2))
    assert str(made) == "sfix8_En[7,6,5,4,3,2]"
    assert not is_plain(q, "conv/bias")
    assert q.changed_sites == ("conv/kernel",)
    q.undo()
    assert q["conv/kernel"].format == before
    assert is_plain(q, "conv/bias")
    q.redo()
    assert q["conv/kernel"].format == made
    q.reset("conv/kernel")
    assert q["conv/kernel"].format == before


def test_types_by_channel_that_do_not_fit_are_refused() -> None:
    with pytest.raises(FormatError, match="conv/kernel: wanted a fraction length for each of its 6 output channels"):
        Q["conv/kernel"].format = "sfix8_En[7,6]"
    with pytest.raises(FormatError, match=r"conv: wanted one type for all channels.* travels between layers"):
        Q["conv"].format = "sfix8_En[7,6,5,4,3,2]"
    with pytest.raises(FormatError, match="types by channel: wanted text like"):
        Q["conv/kernel"].format = "sfix8_En[7,,5,4,3,2]"
    with pytest.raises(FormatError, match="fraction_length: wanted"):
        Q["conv/kernel"].format = "sfix8_En[7,200,5,4,3,2]"


def test_a_session_brings_them_back_and_plain_files_stay_as_they_were(tmp_path: Path) -> None:
    import json
    import zipfile

    def version(path: Path) -> int:
        with zipfile.ZipFile(path) as file:
            return int(json.loads(file.read("manifest.json"))["schema_version"])

    q = quantizer()
    q.assign("mse", 6, per_channel=True)
    loaded = bw.load(q.save(tmp_path / "by_channel.bitwindow"), fn=network)
    assert loaded.assignment == q.assignment
    assert loaded.state.per_channel is True
    np.testing.assert_array_equal(np.asarray(loaded(X)), np.asarray(q(X)))
    assert version(tmp_path / "by_channel.bitwindow") == SCHEMA_VERSION
    q.assign("mse", 6, per_channel=False)
    assert version(q.save(tmp_path / "plain.bitwindow")) == PLAIN_VERSION


def test_a_session_with_other_channels_than_the_network_is_refused(tmp_path: Path) -> None:
    import zipfile

    q = quantizer()
    q["conv/kernel"].format = "sfix8_En[7,6,5,4,3,2]"
    path = q.save(tmp_path / "good.bitwindow")
    bad = tmp_path / "bad.bitwindow"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"sfix8_En[7,6,5,4,3,2]", b"sfix8_En[7,6]"))
    with pytest.raises(SessionFileError, match="wanted a fraction length for each of its 6 output channels, got 2"):
        bw.load(bad, fn=network)


def test_watched_figures_are_those_of_validate_after_every_change() -> None:
    q = quantizer()
    labels = np.asarray(network(PARAMS, X)).argmax(axis=1)
    q.assign("minmax", 4, per_channel=True)
    q.watch(X, labels)
    assert q.wait(60)
    for change in ("sfix4_En[3,7,5,2,9,4]", "sfix4_En[2,6,4,1,8,3]", "sfix4_En3"):
        q["conv/kernel"].format = change
        assert q.wait(60)
        figure = q.evaluation
        assert figure is not None
        assert figure.error is None
        assert figure.quantized_metric == q.validate(X, labels).quantized_metric
    q.unwatch()


def test_a_strip_moves_all_channels_together() -> None:
    def dense(params: Any, x: Any) -> Any:
        return jnp.dot(x, params["kernel"]) + params["bias"]

    x = f32(RNG.normal(size=(64, 6)))
    q = bw.Quantizer(bw.Model(dense, PARAMS["dense"], x[:2]), batch=32).calibrate(x, progress=False)
    labels = np.asarray(dense(PARAMS["dense"], x)).argmax(axis=1)
    q.assign("minmax", 4, per_channel=True)
    made = q["kernel"].format
    assert isinstance(made, bw.ChannelFormats)
    q.watch(x, labels)
    q.focus("kernel")
    assert q.wait(100, idle=True)
    strip = q.strips["kernel"]
    assert (strip.signed, strip.word_length) == (True, 4)
    exact = [cell for cell in strip.cells if cell.n == strip.total]
    assert len(exact) > 3
    for cell in exact[:: max(1, len(exact) // 4)]:
        q["kernel"].format = made.moved_to(bw.FixedPoint(True, 4, cell.fraction_length))
        assert cell.value == q.validate(x, labels).quantized_metric
    q.unwatch()


def test_loss_moves_the_channels_of_a_site_together() -> None:
    q = quantizer()
    labels = np.asarray(network(PARAMS, X)).argmax(axis=1)
    q.assign("loss", 3, per_channel=True, data=(X, labels), budget=12)
    found = q["conv/kernel"].format
    assert isinstance(found, bw.ChannelFormats)
    starts = []
    for scheme in ("minmax", "histogram", "mse", "percentile"):
        q.assign(scheme, 3)
        start = q["conv/kernel"].format
        assert isinstance(start, bw.ChannelFormats)
        starts.append(start)
    assert any(start.moved_to(found.coarsest) == found for start in starts)


def test_memory_and_the_word_that_explains_it() -> None:
    Q.assign("minmax", 8, per_channel=False)
    plain = Q.quantized_bytes
    Q.assign("minmax", 8, per_channel=True)
    assert Q.quantized_bytes == plain
    assert "sfix8_En[" in Q.explain("conv/kernel")
    report = Q.validate(X, None)
    assert report.quantized_bytes == plain


def test_weights_that_are_read_otherwise_keep_one_type() -> None:
    def tied(params: Any, x: Any) -> Any:
        return jnp.dot(jnp.dot(x, params["w"]), params["w"].T) + jnp.dot(x, params["v"]) * params["g"]

    w, v = f32(RNG.normal(size=(4, 3))), f32(RNG.normal(size=(4, 4)))
    params = {"w": w, "v": v, "g": f32(RNG.normal(size=4))}
    x = f32(RNG.normal(size=(6, 4)))
    q = bw.Quantizer(bw.Model(tied, params, x[:2]), batch=2).calibrate(x, progress=False)
    q.assign("minmax", 8, per_channel=True)
    assert isinstance(q["w"].format, bw.FixedPoint)
    assert "; one type for all channels, as layer " in q["w"].reason
    assert isinstance(q["v"].format, bw.ChannelFormats)
    assert "one type" not in q["v"].reason
    with pytest.raises(SettingError, match="reads another axis of w as its output channels"):
        q.assign("minmax", 8, per_channel={"w"})
    with pytest.raises(SettingError, match=r"reads g as a tensor of one LSB|g of shape .* has no axis"):
        q.assign("minmax", 8, per_channel={"g"})


def test_weights_inside_loops_keep_one_type_and_say_why() -> None:
    def recurrent(params: Any, x: Any) -> Any:
        def step(state: Any, now: Any) -> Any:
            return jax.nn.relu(now @ params["w"] + state @ params["u"]), None

        return lax.scan(step, jnp.zeros((x.shape[0], 3)), jnp.swapaxes(x, 0, 1))[0]

    params = {"w": f32(RNG.normal(size=(2, 3))), "u": f32(RNG.normal(size=(3, 3)))}
    x = f32(RNG.normal(size=(6, 4, 2)))
    q = bw.Quantizer(bw.Model(recurrent, params, x[:2]), batch=2).calibrate(x, progress=False)
    q.assign("minmax", 8, per_channel=True)
    assert isinstance(q["u"].format, bw.FixedPoint)
    assert "reads u inside a loop, whose step is compiled for one LSB a tensor" in q["u"].reason
    with pytest.raises(FormatError, match=r"u: wanted one type for all channels, got 3, as layer .* inside a loop"):
        q["u"].format = bw.ChannelFormats(True, 8, (7, 6, 5))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-6, 12), st.integers(0, 10**6)), min_size=1, max_size=6),
    st.integers(2, 12),
    st.sampled_from(["round", "floor", "convergent", "ceiling"]),
    st.sampled_from(["saturate", "saturate_symmetric"]),
)
def test_the_aligned_spectrum_has_the_counts_of_all_channels(
    channels: list[tuple[int, int]], width: int, rounding: str, overflow: str
) -> None:
    lengths = [length for length, _ in channels]
    rows = np.stack([f32(np.random.default_rng(seed).normal(size=40) * 2.0**-length) for length, seed in channels])
    rows[:, 0] = 0
    aligned = bw.Spectrum.of(rows, axis=0).shifted([length - min(lengths) for length in lengths]).merged()
    got = aligned.counts(bw.FixedPoint(True, width, min(lengths)), rounding, overflow)
    parts = [
        bw.Spectrum.of(row).counts(bw.FixedPoint(True, width, length), rounding, overflow)
        for row, length in zip(rows, lengths, strict=True)
    ]
    assert (got.underflow, got.overflow, got.zero, got.total) == (
        sum(one.underflow for one in parts),
        sum(one.overflow for one in parts),
        len(rows),
        rows.size,
    )
