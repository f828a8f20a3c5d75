"""No text of a report leaves ingest as it was: known secrets are masked, and what looks like one, and it is cut.

What is known to be a secret is masked wherever in the report it stands, also in another result's text, also as JSON or
an address would write it, also line by line. The rest is `redact`'s guess.
"""

import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from fixgate.reports.aws import key_id
from fixgate.reports.secrets import masked
from fixgate.telemetry.redaction import redact

LEAST: Final = 4
"""Characters of a secret that is looked for; a shorter one is in every text."""
NAME_LIMIT: Final = 500
"""Characters of a name; names that are keys may have more in a record, but none of a scanner's needs it."""
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_LINE_LEAST: Final = 16
"""Characters of a line of a secret that is masked by itself."""


class Masker:
    """Masks these secrets. An id of an access key is a secret in texts, but a name where a thing is named by it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._in_texts: dict[str, list[str]] = {}
        self._in_names: dict[str, list[str]] = {}
        for secret in sorted(set(secrets), key=lambda s: (-len(s), s)):
            for form in _forms(secret):
                self._in_texts.setdefault(form[:LEAST], []).append(form)
                if key_id(form) != form:
                    self._in_names.setdefault(form[:LEAST], []).append(form)

    def text(self, text: str, limit: int) -> str:
        """Free text for people: masked, without control characters but line ends and tabs, at most `limit` long."""
        hidden = redact(_masked(text, self._in_texts))
        cut = hidden if len(hidden) <= limit else hidden[: limit - 1] + "…"
        return "".join(c if c.isprintable() or c in "\n\t" else _REPLACED for c in cut)

    def name(self, text: str, limit: int = NAME_LIMIT) -> str:
        """A name of something, of one line; never empty."""
        hidden = _masked(text, self._in_names)
        return "".join(c if c.isprintable() else _REPLACED for c in hidden[:limit]) or "unknown"

    def identity(self, text: str) -> str:
        """A part of a fingerprint: masked, else as it is."""
        return _masked(text, self._in_names)


def _forms(secret: str) -> Iterable[str]:
    found = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found.add(quote(secret, safe="", errors="replace"))
    found.update(line.strip() for line in secret.splitlines() if len(line.strip()) >= _LINE_LEAST)
    return sorted((f for f in found if len(f) >= LEAST), key=lambda f: (-len(f), f))


def _masked(text: str, secrets: dict[str, list[str]]) -> str:
    if not secrets:
        return text
    kept: list[str] = []
    begin = at = 0
    while at <= len(text) - LEAST:
        found = next((s for s in secrets.get(text[at : at + LEAST], ()) if text.startswith(s, at)), None)
        if found is None:
            at += 1
            continue
        kept += [text[begin:at], masked(found)]
        begin = at = at + len(found)
    return "".join([*kept, text[begin:]])
