"""Code as some scanners show it: each line behind its number, with lines around those that a result is about."""

import re
from collections.abc import Container
from typing import Final

_NUMBERED: Final = re.compile(r"(?m)^(\d{1,9})(?:: ?|[ \t])(.*)$")


def lines_of(code: str, numbers: Container[int | None]) -> str:
    """The lines with these numbers, without them; all that are shown when none has one of these."""
    shown: list[tuple[str, str]] = _NUMBERED.findall(code)
    about = [text for number, text in shown if int(number) in numbers]
    return "\n".join(about) or "\n".join([text for _, text in shown])
