from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import bitwindow as bw
from bitwindow.errors import SettingError


def forward(p: Any, tokens: Any) -> Any:
    x = p["table"][tokens]
    h, _ = lax.scan(
        lambda h, now: (jnp.tanh(now @ p["cell"]["w"] + p["cell"]["b"] + h), None), x[:, 0] * 0, jnp.swapaxes(x, 0, 1)
    )
    return jax.nn.relu(h @ p["head"]["w"])


@pytest.fixture(scope="module")
def quantizer() -> bw.Quantizer:
    rng = np.random.default_rng(0)
    params = {
        "table": rng.normal(size=(5, 3)),
        "cell": {"w": rng.normal(size=(3, 3)), "b": rng.normal(size=3)},
        "head": {"w": rng.normal(size=(3, 2))},
    }
    params = jax.tree.map(lambda leaf: leaf.astype(np.float32), params)
    tokens = rng.integers(0, 5, (4, 6)).astype(np.int32)
    q = bw.Quantizer(bw.Model(forward, params, tokens), batch=2)
    return q.calibrate(tokens, progress=False)


def test_a_layer_is_explained_with_its_operands_types_and_accumulator(quantizer: bw.Quantizer) -> None:
    text = quantizer.explain("head")
    fmt = str(quantizer["head"].format)
    assert "head = max(sum of products(tanh/last, head/w), 0)" in text
    assert f"head/w: {quantizer['head/w'].format}" in text
    assert f"cast once to head: {fmt}" in text
    widths = quantizer._engine.executor.accumulator_widths(quantizer.assignment)
    assert f"accumulator: {widths['head']} bits hold every sum" in text
    assert "written at test_explain.py:" in text
    assert repr(text) == str(text)


def test_a_layer_inside_a_loop_is_explained(quantizer: bw.Quantizer) -> None:
    assert "cell = sum of products(transpose/step, cell/w) + cell/b" in quantizer.explain("cell/b")
    assert "6 steps of: cell" in quantizer.explain("scan")
    assert "float, because tanh has no exact fixed-point form" in quantizer.explain("tanh")


def test_a_table_says_who_reads_it(quantizer: bw.Quantizer) -> None:
    text = quantizer.explain("table")
    assert "table: weight of shape (5, 3); read by" in text
    assert "lookup = table[input]" in text
    assert "the output has its operand's type" in text


def test_without_a_name_every_float_layer_is_listed(quantizer: bw.Quantizer) -> None:
    head, *rest = quantizer.explain().splitlines()
    assert head.endswith("1 float")
    assert len(rest) == 1
    assert rest[0].strip().startswith("tanh: float, because tanh has no exact fixed-point form")
    assert f"the output is cast once to {quantizer['tanh'].format} (written at" in rest[0]


def test_a_layer_that_an_operand_keeps_in_float_is_listed(quantizer: bw.Quantizer) -> None:
    fmt = quantizer["head/w"].format
    quantizer["head/w"].format = "float"
    assert "head: runs in float32, because head/w has no type" in quantizer.explain()
    quantizer["head/w"].format = str(fmt)
    assert "head: runs" not in quantizer.explain()


def test_an_unknown_name_is_told_what_is_near(quantizer: bw.Quantizer) -> None:
    with pytest.raises(SettingError, match=r"got 'hed'. Did you mean \['head'"):
        quantizer.explain("hed")
