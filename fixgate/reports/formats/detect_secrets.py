"""detect-secrets: the baseline that `scan` prints, of versions 0.12 to 1.x; it shows no secret, only a hash of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fixgate.events import FindingStatus
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Remark, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Count,
    Shape,
    Word,
    first_objects,
    mapping,
    moment,
    said,
    sequence,
    shaped,
    step,
)
from fixgate.reports.paths import Place, portable
from fixgate.reports.severity import unknown

_SEVERITY: Final = unknown("detect-secrets")
_TRIED: Final[Mapping[bool | None, tuple[str | None, Mapping[str, str]]]] = {
    None: (None, {}),
    True: ("verified", {"verified": "true"}),
    False: ("unverified", {"verified": "false"}),
}
"""What came of trying a secret out, as confidence and as label."""


class _Hit(Shape):
    type: Word
    line_number: Count | None = None
    is_verified: bool | None = None
    is_secret: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Baseline:
    """What holds for all results."""

    version: str | None
    when: datetime | None
    repository: str | None
    hidden: dict[str, Exposed]
    """Secrets by their kinds: of none there is more than a hash."""


class DetectSecrets:
    """See the module."""

    name = "detect-secrets"

    def recognises(self, document: Document) -> bool:
        """By its plugins, and by results that stand under their files."""
        return any("plugins_used" in r and mapping(r.get("results")) is not None for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in document.values:
            baseline = mapping(value) or {}
            files = mapping(baseline.get("results"))
            if files is None:
                yield Unusable(pointer, "there are no results that stand under their files")
                continue
            if not sequence(baseline.get("plugins_used")):
                yield Remark("detect-secrets had no plugins: it looked for nothing")
            whole = _Baseline(
                version=said(baseline.get("version")),
                when=moment(said(baseline.get("generated_at"))),
                repository=hints.repository,
                hidden={},
            )
            for path, listed in files.items():
                yield from _file(portable(path), listed, f"{pointer}/results/{step(path)}", whole)


def _file(file: Place, listed: object, pointer: str, whole: _Baseline) -> Iterator[Item]:
    hits = sequence(listed)
    if hits is None:
        yield Unusable(pointer, "what was found in a file is no array")
        return
    for number, value in enumerate(hits):
        place = f"{pointer}/{number}"
        read = shaped(_Hit, value, place)
        if isinstance(read, Unusable):
            yield read
        elif read.is_secret is False:
            yield Suppressed(place)
        else:
            yield _draft(read, file, place, whole)


def _draft(read: _Hit, file: Place, pointer: str, whole: _Baseline) -> Draft:
    secret = whole.hidden.get(read.type)
    if secret is None:
        secret = whole.hidden[read.type] = Exposed(kind=read.type, value="")
    confidence, labels = _TRIED[read.is_verified]
    return Draft(
        pointer=pointer,
        tool="detect-secrets",
        tool_version=whole.version,
        # The hash of the secret has no key: whoever has it can try out guesses, so it is no part of a fingerprint.
        identity=(read.type, file.identity),
        unique=False,
        what=read.type,
        severity=_SEVERITY,
        status=FindingStatus.OPEN,
        rule_id=read.type,
        rule_name=read.type,
        title=read.type,
        confidence=confidence,
        locations=(Spot(path=file.path, start_line=read.line_number or None),),
        repository=whole.repository,
        secret=secret,
        labels={**labels, "audited": "secret"} if read.is_secret else labels,
        last_seen_at=whole.when,
    )
