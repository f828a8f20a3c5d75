"""What is cut, sealed and stored comes back whole or not at all; and so do kept originals."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fixgate import originals
from fixgate.errors import Poison, Reason, Refused, Transient, Unavailable
from fixgate.objects import OBJECT_LIMIT, FileStore
from fixgate.sealing import Seal, Unseal
from fixgate.segments import LARGEST, SMALLEST, Manifest, Purpose, Segment, context, manifest_of, opened, store
from fixgate.signing import digest

KEY, OTHER_KEY = X25519PrivateKey.generate(), X25519PrivateKey.generate()
SEAL, UNSEAL = Seal(KEY.public_key()), Unseal([KEY])
ABSENT = digest(b"never put")
REPORT = bytes(range(256)) * (2 * LARGEST // 256) + b"the end"
LIMIT = 1 << 30


@pytest.fixture
def objects(tmp_path: Path) -> FileStore:
    """An empty store."""
    return FileStore(tmp_path)


def stored(objects: FileStore, report: bytes = REPORT, purpose: Purpose = Purpose.INTAKE) -> Manifest:
    """The report, in segments."""
    return store(io.BytesIO(report), objects, SEAL, purpose)


def resealed(objects: FileStore, plain: bytes, manifest: Manifest, number: int, count: int) -> Segment:
    """A segment of other bytes, sealed rightly for a place."""
    sealed = SEAL.seal(plain, context(Purpose.INTAKE, manifest.digest, number, count))
    return Segment(location=objects.put(sealed), size=len(plain))


# -- what is refused ---------------------------------------------------------------------------------------------------

ONE = {"location": ABSENT, "size": 7}
GOOD: dict[str, Any] = {"digest": ABSENT, "segments": [ONE], "size": 7, "version": 1}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", Reason.INVALID),
        (b"no json", Reason.INVALID),
        (b"[]", Reason.INVALID),
        (GOOD | {"size": 0}, Reason.INVALID),
        (GOOD | {"size": 8}, Reason.INVALID),
        (GOOD | {"size": "7"}, Reason.INVALID),
        (GOOD | {"size": 7.5}, Reason.INVALID),
        (GOOD | {"version": 2}, Reason.INVALID),
        (GOOD | {"more": 1}, Reason.INVALID),
        (GOOD | {"passwd": 1}, Reason.INVALID),
        (GOOD | {"segments": [ONE | {"passwd": 1}]}, Reason.INVALID),
        (GOOD | {"digest": ABSENT.upper()}, Reason.INVALID),
        (GOOD | {"digest": ABSENT + "\n"}, Reason.INVALID),
        (GOOD | {"segments": list[Any]()}, Reason.INVALID),
        (GOOD | {"segments": [ONE | {"location": "../../etc/passwd"}]}, Reason.INVALID),
        (GOOD | {"segments": [ONE | {"size": -7}, ONE | {"size": 14}]}, Reason.INVALID),
        (GOOD | {"segments": [ONE | {"size": 3}, ONE | {"size": 4}]}, Reason.INVALID),
        (GOOD | {"segments": [ONE | {"size": LARGEST + 1}], "size": LARGEST + 1}, Reason.INVALID),
        (GOOD | {"segments": [ONE | {"size": LARGEST}] * 257, "size": 257 * LARGEST}, Reason.OVERSIZED),
    ],
)
def test_what_is_no_manifest_is_refused(bad: Any, reason: Reason) -> None:
    """Without anything of it in the message."""
    value = bad if isinstance(bad, bytes) else json.dumps(bad).encode()
    with pytest.raises(Poison) as refused:
        manifest_of(value, LIMIT)
    assert refused.value.reason is reason
    assert "passwd" not in refused.value.message


def missing(objects: FileStore, manifest: Manifest) -> Manifest:
    """One segment was never put."""
    return _with(manifest, 1, Segment(location=ABSENT, size=LARGEST))


def exchanged(objects: FileStore, manifest: Manifest) -> Manifest:
    """Two segments stand in each other's place."""
    first, second, last = manifest.segments
    return manifest.model_copy(update={"segments": (second, first, last)})


def cut_off(objects: FileStore, manifest: Manifest) -> Manifest:
    """The last one is left out, and the manifest adds up."""
    kept = manifest.segments[:2]
    return manifest.model_copy(update={"segments": kept, "size": 2 * LARGEST})


def of_another_report(objects: FileStore, manifest: Manifest) -> Manifest:
    """A segment of another report that was stored as well."""
    return _with(manifest, 0, stored(objects, b"x" + REPORT[1:]).segments[0])


def for_another_key(objects: FileStore, manifest: Manifest) -> Manifest:
    """Sealed for somebody else."""
    seal = Seal(OTHER_KEY.public_key())
    sealed = seal.seal(bytes(LARGEST), context(Purpose.INTAKE, manifest.digest, 0, 3))
    return _with(manifest, 0, Segment(location=objects.put(sealed), size=LARGEST))


def for_another_purpose(objects: FileStore, manifest: Manifest) -> Manifest:
    """A kept original is not taken in again by whoever can read the store."""
    return _with(manifest, 0, stored(objects, purpose=Purpose.ORIGINAL).segments[0])


def not_sealed(objects: FileStore, manifest: Manifest) -> Manifest:
    """In the clear."""
    return _with(manifest, 2, Segment(location=objects.put(REPORT[2 * LARGEST :]), size=7))


def larger(objects: FileStore, manifest: Manifest) -> Manifest:
    """The store holds more than the manifest says."""
    return _with(manifest, 2, resealed(objects, b"the end!", manifest, 2, 3).model_copy(update={"size": 7}))


def smaller(objects: FileStore, manifest: Manifest) -> Manifest:
    """The store holds less than the manifest says."""
    return _with(manifest, 2, resealed(objects, b"the en", manifest, 2, 3).model_copy(update={"size": 7}))


def other_bytes(objects: FileStore, manifest: Manifest) -> Manifest:
    """Rightly sealed, but not what the whole's digest names."""
    return _with(manifest, 2, resealed(objects, b"the End", manifest, 2, 3))


def _with(manifest: Manifest, number: int, segment: Segment) -> Manifest:
    segments = list(manifest.segments)
    segments[number] = segment
    return manifest.model_copy(update={"segments": tuple(segments)})


@pytest.mark.parametrize(
    "harm",
    [
        missing,
        exchanged,
        cut_off,
        of_another_report,
        for_another_key,
        for_another_purpose,
        not_sealed,
        larger,
        smaller,
        other_bytes,
    ],
)
def test_segments_that_are_not_the_manifests_are_refused(
    objects: FileStore, harm: Callable[[FileStore, Manifest], Manifest]
) -> None:
    """Whatever was done to them: no iteration over them ends well."""
    harmed = harm(objects, stored(objects))
    with pytest.raises(Poison) as refused:
        list(opened(harmed, objects, UNSEAL, Purpose.INTAKE))
    assert refused.value.reason is Reason.INVALID


def test_a_damaged_segment_is_refused(objects: FileStore, tmp_path: Path) -> None:
    """One bit of one object, put there past the store."""
    manifest = stored(objects)
    digits = manifest.segments[1].location.removeprefix("sha256:")
    path = tmp_path / digits[:2] / digits[2:]
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(Poison, match="segment 2 of 3 was altered"):
        list(opened(manifest, objects, UNSEAL, Purpose.INTAKE))


def test_a_store_that_fails_is_no_fault_of_the_report(objects: FileStore, tmp_path: Path) -> None:
    """It is tried again later."""
    manifest = stored(objects)
    digits = manifest.segments[0].location.removeprefix("sha256:")
    path = tmp_path / digits[:2] / digits[2:]
    path.unlink()
    path.mkdir()
    with pytest.raises(Transient):
        list(opened(manifest, objects, UNSEAL, Purpose.INTAKE))


def test_nothing_and_what_changes_meanwhile_are_not_stored(objects: FileStore) -> None:
    """A manifest is of one file as it was."""

    class Growing(io.BytesIO):
        def seek(self, place: int, whence: int = 0) -> int:
            if self.tell():
                self.write(b"!")
            return super().seek(place, whence)

    with pytest.raises(Refused, match="nothing to store"):
        stored(objects, b"")
    with pytest.raises(Refused, match="changed while"):
        store(Growing(b"value"), objects, SEAL, Purpose.INTAKE)


# -- what is promised --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, SMALLEST, LARGEST, LARGEST + 1, 2 * LARGEST + 7])
def test_what_was_stored_comes_back(objects: FileStore, size: int) -> None:
    """Byte for byte, by the manifest as it was written, with no segment too large; progress adds up."""
    report, told = REPORT[:size], list[int]()
    manifest = store(io.BytesIO(report), objects, SEAL, Purpose.INTAKE, told.append)
    read = manifest_of(manifest.encode(), size)
    assert (read, read.digest, read.size) == (manifest, digest(report), size)
    pieces = list(opened(read, objects, UNSEAL, Purpose.INTAKE))
    assert b"".join(pieces) == report
    assert max(map(len, pieces)) <= LARGEST
    assert sum(told) == size


def test_nothing_plain_is_in_the_store(objects: FileStore, tmp_path: Path) -> None:
    """Neither in a segment nor in a name."""
    stored(objects)
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert REPORT[:64] not in held
    assert b"the end" not in held


@pytest.mark.parametrize("large", [False, True])
def test_an_original_comes_back_as_that_report_alone(objects: FileStore, large: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Kept whole or in segments, only the private key opens it, and only under its own digest."""
    name = digest(REPORT)
    if large:
        kept = originals.keep_large(io.BytesIO(REPORT), objects, SEAL)
    else:
        kept = originals.keep(REPORT, name, objects, SEAL)
    assert b"".join(originals.original(name, kept, objects, UNSEAL)) == REPORT
    sealed = objects.get(kept.location)
    assert (kept.digest, kept.size, kept.sealing_key) == (digest(sealed), len(sealed), SEAL.key_id)
    with pytest.raises(Refused):
        list(originals.original(ABSENT, kept, objects, UNSEAL))
    with pytest.raises(Refused):
        list(originals.original(name, kept, objects, Unseal([OTHER_KEY])))
    with pytest.raises(Unavailable):
        list(originals.original(name, replace(kept, location=ABSENT), objects, UNSEAL))


def test_another_report_in_an_originals_place_is_refused(objects: FileStore) -> None:
    """Everybody who has the public key can seal for any name."""
    forged = Manifest(digest=digest(b"other"), segments=stored(objects, b"other", Purpose.ORIGINAL).segments, size=5)
    name = digest(REPORT)
    for sealed in (
        SEAL.seal(b"other", originals.CONTEXT + name.encode()),
        SEAL.seal(forged.encode(), originals.LARGE + name.encode()),
    ):
        kept = replace(originals.keep(b"x", ABSENT, objects, SEAL), location=objects.put(sealed))
        with pytest.raises(Refused, match="another report"):
            list(originals.original(name, kept, objects, UNSEAL))


def test_the_limits_fit_each_other() -> None:
    """A segment is an object that the store takes."""
    assert SMALLEST <= LARGEST < OBJECT_LIMIT
