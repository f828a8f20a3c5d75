"""The base score of a CVSS 3 vector (CVSS v3.1 specification, 7.1), where a report has the vector alone.

Vectors of versions 2 and 4 are not computed: the first is no more in use, the second has tables instead of a formula.
"""

import math
import re
from collections.abc import Mapping
from typing import Final

_VECTOR: Final = re.compile(r"CVSS:3\.[01](?:/[A-Z]{1,3}:[A-Z])+/?")
_LONGEST: Final = 200
"""Characters of a vector with all its metrics at most."""
_WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES_CHANGED: Final[Mapping[str, float]] = {"N": 0.85, "L": 0.68, "H": 0.5}
"""`PR` where the scope changes."""


def base_score(vector: str) -> float | None:
    """The score from 0 to 10; None when it is no vector of version 3 with all base metrics."""
    if len(vector) > _LONGEST or not _VECTOR.fullmatch(vector.strip()):
        return None
    said = dict(part.split(":") for part in vector.strip().strip("/").split("/")[1:])
    changed = said.get("S") == "C"
    try:
        weight = {name: weights[said[name]] for name, weights in _WEIGHTS.items()}
        if said["S"] not in {"U", "C"}:
            return None
    except KeyError:
        return None
    if changed:
        weight["PR"] = _PRIVILEGES_CHANGED[said["PR"]]
    lost = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * weight["PR"] * weight["UI"]
    return _rounded_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10.0))


def _rounded_up(score: float) -> float:
    """To one digit, upwards, without what floating point adds (appendix A)."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (math.floor(whole / 10_000) + 1) / 10
