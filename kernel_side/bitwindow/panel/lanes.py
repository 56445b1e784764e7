"""The HTML of the detail's lanes: bit axis, binary words, channels; all texts escaped, all columns on one axis.

A lane is a grid of three columns: a label, the bit axis, and figures. The axis is a grid of one column for each bit
position, from high to low, as in the histogram above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from bitwindow.numbers.format import FixedPoint
from bitwindow.panel import palette, wording
from bitwindow.panel.channel_table import ChannelRow, ChannelTable
from bitwindow.panel.examples import Example
from bitwindow.panel.picture import Columns, Part, part_of
from bitwindow.panel.word import Digits, Word

_CLASS = {
    Part.ABOVE: "bw-above",
    Part.SIGN: "bw-above",
    Part.WINDOW: "bw-kept",
    Part.BELOW: "bw-lost",
    Part.FLOAT: "bw-kept",
}


def lanes(content: str, shown: Columns, fmt: FixedPoint | None) -> str:
    """Return lanes over one axis, gray where the type has no bit.

    The sign bit's place is one of the word's, and none of the window's: an MSB there overflows.
    """
    style = f"--bw-bits:{len(shown.exponents)};--bw-mask:{_mask(shown, fmt, 'var(--bw-gray)', sign=True)}"
    style += f";--bw-paper-mask:{_mask(shown, fmt, 'var(--bw-paper-gray)', sign=False)}"
    return f'<div class="bw-lanes" style="{style}">{content}</div>'


def axis(shown: Columns, label: str, figures: str = "") -> str:
    """Return the lane with the exponents; where there are many, or little room, not each has a number."""
    step = 1 if len(shown.exponents) <= 12 else 2 if len(shown.exponents) <= 32 else 4
    marks = "".join(
        f'<span style="grid-column:{place}" class="{"" if exponent % (2 * step) == 0 else "bw-fine"}">'
        f"{wording.power(exponent)}</span>"
        for place, exponent in enumerate(shown.exponents, 1)
        if exponent % step == 0
    )
    return _lane("bw-axis", escape(label), f'<div class="bw-bits">{marks}</div>', figures)


def example_lanes(examples: Sequence[Example], shown: Columns, fmt: FixedPoint | None) -> str:
    """Return two lines for each value: the digits of its magnitude, and the stored word where there is one."""
    if not examples:
        return '<div class="bw-empty">No value other than zero is known.</div>'
    return "".join(_example(example, shown, fmt) for example in examples)


def channel_lanes(table: ChannelTable, fmt: FixedPoint, shown: Columns, ramp: palette.Ramp = palette.BLUES) -> str:
    """Return a line a channel: its MSBs in the map's colours, its losses, its range and the type it would want."""
    lines = "".join(_channel(row, fmt, shown, ramp) for row in table.rows)
    more = table.count - len(table.rows)
    return lines + (f'<div class="bw-more">and {wording.count(more)} more, none worse</div>' if more else "")


def channel_heading(table: ChannelTable) -> str:
    """Return how many channels there are, how many of them lose values, and what was counted."""
    of = "all values" if table.samples is None else f"the first {wording.count(table.samples)} samples"
    channels, lossy = wording.count(table.count), wording.count(table.lossy)
    return escape(f"{channels} channels, {lossy} with underflow or overflow; counts over {of}")


def _lane(kind: str, label: str, middle: str, figures: str) -> str:
    return f'<div class="bw-lane {kind}"><div>{label}</div>{middle}<div>{figures}</div></div>'


def _mask(shown: Columns, fmt: FixedPoint | None, gray: str, *, sign: bool) -> str:
    """Return a gradient that is gray where the type has no bit; ``sign`` leaves the sign bit's place clear."""
    if fmt is None:
        return "none"
    whole = len(shown.exponents)
    start = 100 * (shown.high - fmt.msb_exponent - (sign and fmt.signed)) / whole
    stop = 100 * (shown.high - fmt.lsb_exponent + 1) / whole
    clear = f"transparent {start:.4g}%,transparent {stop:.4g}%"
    return f"linear-gradient(90deg,{gray} {start:.4g}%,{clear},{gray} {stop:.4g}%)"


def _example(example: Example, shown: Columns, fmt: FixedPoint | None) -> str:
    word = example.word
    before = (
        f'<b title="{wording.exactly(word.value, 17)}">{wording.exactly(word.value)}</b>'
        f'<span class="bw-role">{escape(example.role)}</span>'
    )
    ideal, rest = "".join(_digits(word.ideal, shown, fmt)), _rest(word.ideal, shown)
    if word.bits is None:
        middle = f'<div class="bw-word"><div class="bw-bits">{ideal}</div>{rest}</div>'
        fate = "" if fmt is None else '<span class="bw-chance">up or down by chance</span>'
    else:
        stored = _stored(word.bits, shown)
        both = f'<div class="bw-bits">{ideal}</div><div class="bw-bits bw-stored">{stored}</div>'
        middle = f'<div class="bw-word">{both}{rest}</div>'
        fate = _fate(word)
    return _lane("bw-example", before, middle, fate)


def _fate(word: Word) -> str:
    name = "" if word.verdict is None else word.verdict.name.lower()
    after = word.value if word.after is None else word.after
    stored = "" if word.stored is None else wording.minus(word.stored)
    return (
        f'<b title="{wording.exactly(after, 17)}">{wording.exactly(after)}</b>'
        f'<span><span class="bw-verdict bw-{name}">{name}</span></span><span class="bw-stored">{stored}</span>'
    )


def _digits(digits: Digits, shown: Columns, fmt: FixedPoint | None) -> Iterator[str]:
    for place, exponent in enumerate(shown.exponents, 1):
        digit = digits.at(exponent)
        if digit is None and _fills(digits, exponent, fmt):
            digit = 0
        if digit is None:
            continue
        kind = _CLASS[part_of(fmt, exponent)] + (" bw-msb" if exponent == digits.high else "")
        yield f'<span class="{kind}" style="grid-column:{place}">{digit}</span>'


def _fills(digits: Digits, exponent: int, fmt: FixedPoint | None) -> bool:
    """Tell whether a zero stands there: in the window, beyond the digits that the magnitude needs."""
    if fmt is None or not fmt.lsb_exponent <= exponent <= fmt.msb_exponent:
        return False
    return exponent > digits.high or exponent < digits.low


def _rest(digits: Digits, shown: Columns) -> str:
    """Return the sign of more digits beyond the axis."""
    if digits.low >= shown.low:
        return ""
    return f'<i title="the digits go on to 2^{digits.low}">…</i>'


def _stored(bits: Digits, shown: Columns) -> str:
    return "".join(
        f'<span style="grid-column:{place}">{digit}</span>'
        for place, exponent in enumerate(shown.exponents, 1)
        if (digit := bits.at(exponent)) is not None
    )


def _channel(row: ChannelRow, fmt: FixedPoint, shown: Columns, ramp: palette.Ramp) -> str:
    losses = "".join(
        f'<span class="bw-loss" title="{wording.count(lost)} of {wording.count(row.nonzero)} nonzero values {what}">'
        f"{wording.share(lost, row.nonzero)}</span>"
        for lost, what in ((row.overflow, "overflow"), (row.underflow, "underflow"))
    )
    ends = "" if row.minimum is None else f"{wording.short(row.minimum)} to {wording.short(row.maximum)}"
    wanted = "no nonzero value" if row.wanted is None else str(row.wanted)
    same = " bw-same" if row.wanted == fmt else ""
    figures = (
        f'{losses}<span class="bw-wanted{same}">{escape(wanted)}</span><span class="bw-range">{escape(ends)}</span>'
    )
    strip = f'<div class="bw-strip" style="background:{_strip(row.shades, ramp)}">{_outline(row.wanted, shown)}</div>'
    return _lane("bw-channel", f"channel {row.index}", strip, figures)


def _strip(shades: Sequence[float], ramp: palette.Ramp) -> str:
    """Return the cells of a row as one gradient of hard steps."""
    step, stops = 100 / len(shades), []
    for place, dark in enumerate(shades):
        colour = palette.hexadecimal(palette.shaded(dark, ramp))
        stops.append(f"{colour} {place * step:.4g}% {(place + 1) * step:.4g}%")
    return f"linear-gradient(90deg,{','.join(stops)})"


def _outline(wanted: FixedPoint | None, shown: Columns) -> str:
    """Return a dashed frame around the window that the channel would want, as far as it is on the axis."""
    if wanted is None:
        return ""
    whole = len(shown.exponents)
    left = max(0, shown.high - wanted.msb_exponent)
    right = min(whole, shown.high - wanted.lsb_exponent + 1)
    if right <= left:
        return ""
    return f'<i style="left:{100 * left / whole:.4g}%;width:{100 * (right - left) / whole:.4g}%"></i>'
