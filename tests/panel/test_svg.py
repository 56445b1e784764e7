from __future__ import annotations

import xml.etree.ElementTree as ET

from bitwindow.panel.palette import colour, hexadecimal, shaded
from bitwindow.panel.picture import Cell, Part
from bitwindow.panel.svg import picture_svg
from tests.panel.fake_quantizer import FakeQuantizer

SVG = "{http://www.w3.org/2000/svg}"


def drawn(q: FakeQuantizer) -> ET.Element:
    return ET.fromstring(picture_svg(list(q.sites.values())))  # noqa: S314  (our own picture)


def test_one_group_a_site_with_name_type_and_counts() -> None:
    q = FakeQuantizer.of(["conv1/kernel", "conv1"])
    groups = drawn(q).findall(f"{SVG}g")
    texts = [[text.text for text in group.findall(f"{SVG}text")] for group in groups]
    counts = q["conv1/kernel"].counts
    assert counts is not None
    assert len(groups) == 2
    assert texts[0][0] == "conv1/kernel"
    assert "sfix8_En5" in texts[0]
    assert any(text is not None and text.startswith(f"{counts.underflow:,} (") for text in texts[0])


def test_names_are_text() -> None:
    q = FakeQuantizer.of(["<script>alert(1)</script>"])
    root = drawn(q)
    assert root.findall(f".//{SVG}script") == []
    assert "<script>" not in picture_svg(list(q.sites.values()))


def test_no_sites_is_still_a_picture() -> None:
    assert drawn(FakeQuantizer()).tag == f"{SVG}svg"


def test_bits_that_the_type_lacks_are_gray() -> None:
    def cell(part: Part) -> Cell:
        return Cell(exponent=0, positive=1, negative=0, shade=0.5, part=part)

    assert colour(cell(Part.WINDOW)) == colour(cell(Part.FLOAT)) == hexadecimal(shaded(0.5))
    assert colour(cell(Part.ABOVE)) == colour(cell(Part.BELOW)) != colour(cell(Part.WINDOW))
