"""What is too large for a message, cut into sealed segments in the object store, and the manifest that names them.

Whoever publishes a report over the limit of `findings.raw` stores it so and publishes its manifest instead, with the
header `fixgate-reference: 1`:

    {"digest": "sha256:<of the whole>", "segments": [{"location": "sha256:<of the sealed bytes>", "size": 4194304}, …],
     "size": <bytes of the whole>, "version": 1}

Segments follow each other; `size` counts their plain bytes, 1 MiB to 4 MiB each, the last one may be shorter. Each is
sealed by itself (`sealing.py`) for a context that names the purpose, the whole's digest, its number and how many there
are: it opens in its place and nowhere else. Ingest keeps originals in the same form, for another key and purpose.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, BinaryIO, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fixgate.errors import Poison, Reason, Refused, Unavailable
from fixgate.graph import MIB
from fixgate.objects import ObjectStore
from fixgate.rejections import Sealer
from fixgate.sealing import OVERHEAD, Unseal

REFERENCE: Final = "fixgate-reference"
"""The header that says that a record of `findings.raw` is a manifest; its value is `VERSION`."""
VERSION: Final = "1"
LARGEST: Final = 4 * MIB
"""Bytes of a segment at most: it is read into memory whole, several times over."""
SMALLEST: Final = MIB
"""Bytes of every segment but the last at least: it bounds how often the store is asked for one report."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Told = Callable[[int], object]
"""Is told how many more plain bytes are done."""


class Purpose(StrEnum):
    """What segments are sealed for."""

    INTAKE = "intake"
    """For ingest, which opens them."""
    ORIGINAL = "original"
    """For whoever may read what was reported, kept for as long as the store keeps it."""


class Segment(BaseModel):
    """One piece: where its sealed bytes are, and how many plain bytes they hold."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    location: Digest
    size: Annotated[int, Field(ge=1, le=LARGEST)]


class Manifest(BaseModel):
    """See the module."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    digest: Digest
    segments: Annotated[tuple[Segment, ...], Field(min_length=1)]
    size: Annotated[int, Field(ge=1)]
    version: Literal[1] = 1

    def encode(self) -> bytes:
        """The manifest as it is written."""
        return self.model_dump_json().encode()


def manifest_of(value: bytes, limit: int | None = None) -> Manifest:
    """The manifest in these bytes, of at most `limit` plain bytes; raises Poison, and tells nothing of the bytes."""
    try:
        manifest = Manifest.model_validate_json(value)
    except ValidationError as error:
        where = "; ".join(f"/{'/'.join(map(_known, e['loc']))} {e['type']}" for e in error.errors()[:3])
        raise _unfit(f"is no manifest: {where}") from None
    if limit is not None and manifest.size > limit:
        raise Poison(Reason.OVERSIZED, f"the report has {manifest.size} bytes; {limit} are taken")
    if sum(s.size for s in manifest.segments) != manifest.size:
        raise _unfit("does not add up: its segments have another size than the whole")
    if any(s.size < SMALLEST for s in manifest.segments[:-1]):
        raise _unfit(f"has a segment before the last of fewer than {SMALLEST} bytes")
    return manifest


def store(report: BinaryIO, to: ObjectStore, seal: Sealer, purpose: Purpose, told: Told = lambda _: None) -> Manifest:
    """Cut, seal and keep a file; its manifest, once all is durable.

    Reads the file twice, from its beginning, a segment at a time. Blocks. Raises Refused when it is empty or changes
    meanwhile, Transient when the store cannot take it.
    """
    name, size = _measured(report)
    if not size:
        raise Refused("there is nothing to store")
    count = -(-size // LARGEST)
    seen, segments = sha256(), list[Segment]()
    for number, plain in enumerate(_pieces(report)):
        seen.update(plain)
        sealed = seal.seal(plain, context(purpose, name, number, count))
        segments.append(Segment(location=to.put(sealed), size=len(plain)))
        told(len(plain))
    if "sha256:" + seen.hexdigest() != name:
        raise Refused("the file was changed while it was read", remedy="Try again when it is written.")
    return Manifest(digest=name, segments=tuple(segments), size=size)


def opened(manifest: Manifest, of: ObjectStore, unseal: Unseal, purpose: Purpose) -> Iterator[bytes]:
    """The plain bytes, segment by segment; believe them only when the iteration has ended without an error.

    Blocks. Raises Poison when a segment is missing, altered or another than the manifest says, and Transient when the
    store cannot be read now.
    """
    seen, count = sha256(), len(manifest.segments)
    for number, segment in enumerate(manifest.segments):
        place = f"segment {number + 1} of {count}"
        try:
            sealed = of.get(segment.location, limit=segment.size + OVERHEAD)
            plain = unseal.open(sealed, context(purpose, manifest.digest, number, count))
        except Unavailable:
            raise Poison(Reason.INVALID, f"{place} is not in the object store") from None
        except Refused:
            raise Poison(
                Reason.INVALID, f"{place} was altered, or sealed for another place or key than this one"
            ) from None
        if len(plain) != segment.size:
            raise Poison(Reason.INVALID, f"{place} has another size than its manifest says")
        seen.update(plain)
        yield plain
    if "sha256:" + seen.hexdigest() != manifest.digest:
        raise Poison(Reason.INVALID, "the segments are not the report that their manifest names")


def context(purpose: Purpose, digest: str, number: int, count: int) -> bytes:
    """What a segment is bound to; `number` counts from 0."""
    return f"fixgate segment {purpose} {digest} {number}/{count}".encode()


def _measured(report: BinaryIO) -> tuple[str, int]:
    seen, size = sha256(), 0
    for piece in _pieces(report):
        seen.update(piece)
        size += len(piece)
    return "sha256:" + seen.hexdigest(), size


def _pieces(report: BinaryIO) -> Iterator[bytes]:
    """The file from its beginning, in pieces of which all but the last are full."""
    report.seek(0)
    while piece := report.read(LARGEST):
        yield piece


def _known(part: int | str) -> str:
    """A part of a place in a manifest; a name that is none of ours is text of whoever wrote it."""
    return str(part) if isinstance(part, int) or part in Manifest.model_fields | Segment.model_fields else "…"


def _unfit(why: str) -> Poison:
    return Poison(Reason.INVALID, f"the reference {why}")
