"""What Falco says of an event, without command lines and their arguments: passwords stand in them."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

LEFT_OUT: Final = "[left out]"
READ: Final = 16_384
"""Characters of an output that are looked at; no more than a part of them is ever kept."""
_FIELDS: Final = re.compile(
    r"cmdline|cmdnargs|exeline|\bargs?\b|rawarg|\benv\b|\binfo\b|buffer|param\b|^ka\.(?:req|resp)|^jevt"
)
"""In the names of the fields that hold what somebody typed or sent."""
_SHORT: Final = 100
"""Characters of a field's name that is remembered."""
_LEAST: Final = 4
"""Characters of a value that is looked for; a shorter one is in every text."""
_MOST: Final = 64
"""Values that are looked for; no rule prints as many."""
_NAMED: Final = re.compile(
    r"(?i)\b(?=[acegp])((?:[gp]?p?a?cmd|cmdline|command|args|exeline|env)\w{0,20}\s?=\s?)"
    r"(?!\[left out\]).*?(?=[\s,][\w.]{1,60}=|$)",
    re.DOTALL,
)
"""The same by the names that Falco's rules print them under, for what no field holds.

What they begin with stands before them: most words of a text are then passed over at once.
"""


def without_arguments(output: str, fields: Mapping[str, object]) -> str:
    """The text of an alert with those values taken out."""
    told = output[:READ]
    typed = {v for name, v in fields.items() if isinstance(v, str) and len(v) >= _LEAST and _is_typed(name)}
    for value in sorted(typed, key=len, reverse=True)[:_MOST]:
        told = told.replace(value, LEFT_OUT)
    return _NAMED.sub(rf"\1{LEFT_OUT}", told) if "=" in told else told


def _is_typed(name: str) -> bool:
    # All alerts have the same few fields.
    return _typed(name) if len(name) <= _SHORT else _FIELDS.search(name) is not None


@lru_cache(maxsize=1024)
def _typed(name: str) -> bool:
    return _FIELDS.search(name) is not None
