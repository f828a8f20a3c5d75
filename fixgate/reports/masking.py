"""No text of a report leaves ingest as it was: known secrets are masked, and what looks like one, and it is cut.

What is known to be a secret is masked wherever in the report it stands, also in another result's text, also as JSON or
an address would write it, also line by line. The rest is `redact`'s guess.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from fixgate.reports.aws import key_id
from fixgate.reports.secrets import STARS, masked
from fixgate.telemetry.redaction import redact

LEAST: Final = 4
"""Characters of a secret that is looked for; a shorter one is in every text."""
READ: Final = 65_536
"""Characters of a text that are looked at when there are secrets; no more than a part of them is ever kept."""
FEW: Final = 200
"""Beginnings of secrets that are looked for one by one before a text is gone through."""
REMEMBERED: Final = 4_096
"""Texts that are remembered as they were masked: those of rules come again and again."""
TRIED: Final = 64
"""Lengths of secrets with one beginning that are tried; only an attack has more."""
NAME_LIMIT: Final = 500
"""Characters of a name; names that are keys may have more in a record, but none of a scanner's needs it."""
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_LOGIN: Final = re.compile(r"(?<=://)([^/?#\s]*)@(?!sha[0-9]{1,4}:)")
"""A user, with or without a password, in an address; an image's digest stands behind an @ too."""
_LINE_LEAST: Final = 16
"""Characters of a line of a secret that is masked by itself."""


class _Secrets:
    """Secrets to look for, so that however many there are a text is read in about one pass."""

    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = frozenset(forms)
        lengths: dict[str, set[int]] = {}
        for form in self._forms:
            lengths.setdefault(form[:LEAST], set()).add(len(form))
        self._lengths = {start: sorted(found, reverse=True) for start, found in lengths.items()}
        self._longest = max(map(len, self._forms), default=0)
        self._few = tuple(self._lengths) if len(self._lengths) <= FEW else ()

    def masked(self, text: str) -> str:
        """The text with these secrets masked; of a very long one the beginning."""
        if not self._forms or (self._few and len(text) <= READ and not any(start in text for start in self._few)):
            return text
        kept: list[str] = []
        begin = at = 0
        end = min(len(text), READ)
        while at <= end - LEAST:
            length = self._at(text, at)
            if length == 0:
                at += 1
                continue
            found = text[at : at + length]
            kept += [text[begin:at], masked(found) if found in self._forms else STARS]
            begin = at = at + length
        made = "".join([*kept, text[begin:end]])
        # What was cut off may have cut a secret in two.
        return made if end == len(text) else made[: max(0, len(made) - self._longest)]

    def _at(self, text: str, at: int) -> int:
        """Characters of the longest secret that stands there; all of the rest when there are too many to try."""
        lengths = self._lengths.get(text[at : at + LEAST], ())
        if len(lengths) > TRIED:
            return len(text) - at
        return next((n for n in lengths if text[at : at + n] in self._forms), 0)


class Masker:
    """Masks these secrets. An id of an access key is a secret in texts, but a name where a thing is named by it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in set(secrets) for form in _forms(secret)}
        self._in_texts = _Secrets(forms)
        self._in_names = _Secrets(form for form in forms if key_id(form) != form)
        self.text = lru_cache(REMEMBERED)(self._text)
        """Free text for people: masked, without control characters but line ends and tabs, at most `limit` long."""
        self.name = lru_cache(REMEMBERED)(self._name)
        """A name of something, of one line and at most `limit` long; never empty. An address has no password."""

    def _text(self, text: str, limit: int) -> str:
        hidden = redact(self._in_texts.masked(text))
        return _printable(hidden if len(hidden) <= limit else hidden[: limit - 1] + "…", "\n\t")

    def _name(self, text: str, limit: int = NAME_LIMIT) -> str:
        named = _LOGIN.sub(_without_password, text) if "://" in text else text
        return _printable(self._in_names.masked(named)[:limit], "") or "unknown"

    def identity(self, text: str) -> str:
        """A part of a fingerprint: masked, else as it is."""
        return self._in_names.masked(text)


def _without_password(login: re.Match[str]) -> str:
    return "" if ":" in login[1] or "%3a" in login[1].lower() else login[0]


def _printable(text: str, others: str) -> str:
    """The text with every character replaced that cannot be shown, but for these others."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in others else _REPLACED for c in text)


def _forms(secret: str) -> Iterable[str]:
    found = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found.add(quote(secret, safe="", errors="replace"))
    found.update(line.strip() for line in secret.splitlines() if len(line.strip()) >= _LINE_LEAST)
    return (form for form in found if len(form) >= LEAST)
