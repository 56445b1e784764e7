"""A stroke font: each character as a few polylines, drawn with smooth edges where no font library is at hand.

The grid is four units wide (M and m are wider); y runs from 0, the top of capitals, over 2, the top of small letters,
and 6, the base line, to 8, the end of tails. A stroke is written as its points, two digits (x, y) each.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

GLYPHS = {
    "A": "062046 1434", "B": "0006 003041423303 3344453606", "C": "4130100105163645", "D": "0006 003041453606",
    "E": "40000646 0333", "F": "400006 0333", "G": "41301001051636454323", "H": "0006 4046 0343",
    "I": "0020 1016 0626", "J": "4045361605", "K": "0006 4004 1346", "L": "000646", "M": "0600335166 6066 3351 5160",
    "N": "06004640", "O": "103041453616050110", "P": "06003041423303", "Q": "103041453616050110 2446",
    "R": "06003041423303 2346", "S": "413010010213334445361605", "T": "0040 2026", "U": "000516364540",
    "V": "002640", "W": "0016334650 5060", "X": "0046 4006", "Y": "002340 2326", "Z": "00400646",
    "a": "4246 4332120305163645", "b": "0006 0312324345361605", "c": "4332120305163645",
    "d": "4046 4332120305163645", "e": "04444332120305163645", "f": "30201116 0232",
    "g": "4332120305163645 4247381807", "h": "0006 0312324346", "i": "0206 0000", "j": "22271808 2020",
    "k": "0006 3205 1436", "l": "0006", "m": "0206 0312223336 3342526366", "n": "0206 0312324346",
    "o": "123243453616050312", "p": "0208 0312324345361605", "q": "4248 4332120305163645", "r": "0206 031232",
    "s": "43321203143445361605", "t": "10152636 0232", "u": "0205163645 4246", "v": "022642", "w": "0216233642",
    "x": "0246 4206", "y": "0226 4218", "z": "02420646",
    "0": "102031352616050110", "1": "112026 1636", "2": "01103041420646", "3": "0110304142334445361605 2333",
    "4": "36300444", "5": "40000312324345361605", "6": "3010010516364544331304", "7": "004016",
    "8": "103041423313020110 1304051636454433", "9": "1636454130100102133342",
    ".": "0606", ",": "1607", ":": "0303 0606", ";": "1313 1607", "!": "0004 0606", "?": "01103041422324 2626",
    "-": "0434", "_": "0747", "+": "0444 2226", "=": "0343 0545", "/": "0640", "\\": "0046", "|": "0007",
    "(": "10010516", ")": "00111506", "[": "10000616", "]": "00101606", "{": "20111203141526", "}": "00111223141506",
    "<": "310335", ">": "013305", "%": "0010110100 3545463635 0640", "^": "022042", "~": "04133443",
    "*": "2024 0133 0331", "#": "1016 3036 0242 0444", "@": "4536160501103041443432222434", "'": "0001",
    '"': "0001 2021", "`": "0011", "&": "4602011020310405162644", "$": "413010010213334445361605 2026",
    "\N{MINUS SIGN}": "0444", "\N{EM DASH}": "0444", "→": "0444 334435", "±": "0343 2125 0646",
    "\N{MULTIPLICATION SIGN}": "1335 3315", "≈": "03123342 05143544", "…": "0606 2626 4646",
}  # fmt: skip
UNKNOWN = "0040460600"
"""A box, for all other characters."""
_GAP, _SPACE = 1.7, 2.6
"""Room between characters, and the width of a space, in units."""


def strokes(character: str) -> list[NDArray[np.float64]]:
    """Return the strokes of a character, float64[points, 2] in units; a single point twice is a dot."""
    return [
        np.array([int(digit) for digit in stroke], np.float64).reshape(-1, 2)
        for stroke in GLYPHS.get(character, UNKNOWN).split()
    ]


@lru_cache(maxsize=512)
def advance(character: str) -> float:
    """Return how far the next character starts to the right, in units."""
    if character == " ":
        return _SPACE
    return float(max(stroke[:, 0].max() for stroke in strokes(character))) + _GAP


def width(text: str) -> float:
    """Return the width of a text in units."""
    return max(0.0, sum(map(advance, text)) - _GAP) if text else 0.0


@lru_cache(maxsize=512)
def coverage(character: str, unit: float, pen: float) -> NDArray[np.float64]:
    """Return how much of each pixel a character covers, 0 to 1; pixel (2, 2) is its grid's corner (0, 0).

    Args:
        character: Any but a space.
        unit: Pixels of a unit.
        pen: Width of the strokes in pixels.
    """
    ends = [(stroke[i], stroke[i + 1]) for stroke in strokes(character) for i in range(len(stroke) - 1)]
    right = max(max(a[0], b[0]) for a, b in ends)
    rows, cols = int(np.ceil(8 * unit)) + 5, int(np.ceil(right * unit)) + 5
    y, x = np.mgrid[0:rows, 0:cols] - 2.0
    nearest = np.full((rows, cols), np.inf)
    for a, b in ends:
        nearest = np.minimum(nearest, _distance(x, y, a * unit, b * unit))
    covered: NDArray[np.float64] = np.clip(0.5 + pen / 2 - nearest, 0, 1)
    return covered


def _distance(
    x: NDArray[np.float64], y: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the distance of each pixel from a segment."""
    along = b - a
    length = float(along @ along)
    place = np.clip(((x - a[0]) * along[0] + (y - a[1]) * along[1]) / length, 0, 1) if length else np.zeros_like(x)
    gap: NDArray[np.float64] = np.hypot(x - a[0] - place * along[0], y - a[1] - place * along[1])
    return gap
