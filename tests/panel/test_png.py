"""The picture as a PNG image is read back byte for byte, and as letters drawn with strokes."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitwindow.panel import lettering
from bitwindow.panel.display import picture_bundle
from bitwindow.panel.drawing import MOST_ROWS, Box, Drawing, Group, Label, heat_map_drawing
from bitwindow.panel.palette import colour
from bitwindow.panel.picture import columns, picture_row
from bitwindow.panel.png import SCALE, drawing_png, encoded
from tests.panel.fake_quantizer import FakeEvaluation, FakeQuantizer

ROOT = Path(__file__).resolve().parents[2]


def decoded(image: bytes) -> NDArray[np.uint8]:
    """Read what ``encoded`` writes, every checksum checked."""
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(image):
        (length,) = struct.unpack(">I", image[place : place + 4])
        kind, content = image[place + 4 : place + 8], image[place + 8 : place + 8 + length]
        (check,) = struct.unpack(">I", image[place + 8 + length : place + 12 + length])
        assert check == zlib.crc32(kind + content)
        chunks[kind], place = content, place + 12 + length
    assert list(chunks) == [b"IHDR", b"tEXt", b"IDAT", b"IEND"]
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert np.all(rows[:, 0] == 2)
    return np.cumsum(rows[:, 1:], axis=0, dtype=np.uint8).reshape(height, width, 3)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3))))
def test_an_image_comes_back(canvas: NDArray[np.uint8]) -> None:
    assert np.array_equal(decoded(encoded(canvas)), canvas)


def test_the_cells_have_their_colours() -> None:
    q = FakeQuantizer.of(["conv1/kernel", "conv1"])
    sites = list(q.sites.values())
    pixels = decoded(drawing_png(heat_map_drawing(sites)))
    cells = picture_row(sites[1], columns(sites)).cells
    y = (26 + 20 + 4) * SCALE
    for place, cell in enumerate(cells):
        red, green, blue = pixels[y, (150 + 15 * place + 3) * SCALE].tolist()
        assert f"#{red:02x}{green:02x}{blue:02x}" == colour(cell)


def test_labels_stand_where_they_are_anchored_and_stay_on_the_canvas() -> None:
    for anchor, low, high in (("start", 50, 90), ("middle", 30, 70), ("end", 10, 50)):
        label = Label(x=50, y=20, text="bits", anchor=anchor)  # type: ignore[arg-type]
        drawn = decoded(drawing_png(Drawing(width=100, height=30, title="", groups=(Group(shapes=(label,)),))))
        inked = np.flatnonzero((drawn < 128).any(axis=(0, 2))) / SCALE
        assert low - 1 <= inked.min() <= inked.max() <= high + 1
    outside = (
        Label(x=-5, y=2, text="MW"),
        Label(x=99, y=40, text="gj"),
        Box(x=90, y=20, width=50, height=50, fill="#000"),
    )
    assert decoded(drawing_png(Drawing(width=100, height=30, title="", groups=(Group(shapes=outside),)))).min() == 0


def test_every_printable_character_has_strokes_and_no_two_look_the_same() -> None:
    printable = [chr(code) for code in range(33, 127)]
    assert set(printable) <= set(lettering.GLYPHS)
    assert len({lettering.GLYPHS[character] for character in printable}) == len(printable)
    for character in printable:
        assert lettering.coverage(character, 2.6, 2.2).max() == 1
    assert lettering.strokes("\N{SNOWMAN}")[0].shape == (5, 2)
    assert lettering.width("ab") > lettering.width("a") > lettering.width("") == 0


def test_large_networks_are_cut_and_say_so() -> None:
    drawing = heat_map_drawing(list(FakeQuantizer.of([f"layer{i}" for i in range(200)]).sites.values()))
    texts = [shape.text for group in drawing.groups for shape in group.shapes if isinstance(shape, Label)]
    assert f"layer{MOST_ROWS - 1}" in texts
    assert f"layer{MOST_ROWS}" not in texts
    assert "and 140 more" in texts
    assert drawing.title == "MSB heat map of 200 sites"


def test_the_front_end_knows_the_picture_by_a_text_in_it() -> None:
    source = (ROOT / "extension" / "src" / "saved_output.ts").read_text()
    mark = re.search(r"MARK = '([A-Za-z0-9+/]+)'", source)
    assert mark is not None
    q = FakeQuantizer.of(["conv1"])
    q.evaluation = FakeEvaluation(exact=True)
    bundle, metadata = picture_bundle(q)
    assert mark[1] in bundle["image/png"]
    assert mark[1] in base64.b64encode(encoded(np.zeros((3, 7, 3), np.uint8))).decode()
    pixels = decoded(base64.b64decode(bundle["image/png"]))
    size = metadata["image/png"]
    assert pixels.shape == (size["height"] * SCALE, size["width"] * SCALE, 3)
