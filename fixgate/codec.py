"""Records to bytes and back: the Confluent wire format (a zero byte, the schema's id in four, Avro binary).

fastavro writes and reads the binary (`binary.py`). Ours is the header, the choice of the schema by its id, the records
as frozen dataclasses with the forms of their values (`fixgate/events/`, `forms.py`), and the reasons for refusing.

Nothing is guessed: bytes that are not exactly one record of the expected type, written with a schema that is known, are
`Poison`. What is known is settled when the codec is made, from `schemas/history/` with its fixed ids, or from a
registry (`registry.py`); a schema that is broken or does not fit the generated code is a refusal to start.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from fixgate.binary import Datum, Malformed, Reader, Writer
from fixgate.compatibility import require_compatible
from fixgate.errors import Misconfigured, Poison, Reason
from fixgate.events import ENVELOPED, RECORDS, Envelope, Enveloped, Record, Signed
from fixgate.events.envelope import datum_envelope
from fixgate.events.tables import EMBEDDED, FINGERPRINTS, OF_DATUM, TO_DATUM
from fixgate.forms import Unfit
from fixgate.schema_rules import Json, check_resolved
from fixgate.schemas import SchemaFolder, fingerprint

R = TypeVar("R", bound=Record)

_HEADER = struct.Struct(">bI")
HEADER_BYTES = _HEADER.size
_MAGIC = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A writer's schema and its id."""

    id: int
    record: str
    schema: Json


class Ids(Protocol):
    """Where schema ids come from."""

    def current(self) -> Iterable[Known]:
        """What each record is written with now. Raises `Misconfigured` or `Unavailable`; may block."""
        ...

    def past(self) -> Iterable[Known]:
        """What else is known from the start."""
        ...

    def find(self, schema_id: int) -> Known | None:
        """The schema of an id met for the first time; None when there is none. Raises `Transient`; may block."""
        ...


class FixedIds:
    """The ids of `schemas/history/`: nothing has to be up for a record to be read."""

    def __init__(self, folder: SchemaFolder) -> None:
        self._folder = folder

    def current(self) -> Iterable[Known]:
        """The newest version of each record; raises `Misconfigured` when the history lacks it."""
        for record in self._folder.records:
            versions = self._folder.versions(record)
            if not versions or fingerprint(versions[-1].schema) != fingerprint(self._folder.resolved(record)):
                raise Misconfigured(
                    f"schemas/{record}.avsc is not the newest version in schemas/history/",
                    remedy="Run `make generate`.",
                )
            yield Known(id=versions[-1].id, record=record, schema=versions[-1].schema)

    def past(self) -> Iterable[Known]:
        """Every earlier version."""
        for record in self._folder.records:
            for version in self._folder.versions(record)[:-1]:
                yield Known(id=version.id, record=record, schema=version.schema)

    def find(self, schema_id: int) -> Known | None:  # noqa: ARG002 - the port's parameter
        """Nothing: all fixed ids are known from the start."""
        return None


class Codec:
    """Encodes and decodes the records of `fixgate.events`.

    Raises `Misconfigured` when it is made and the schemas are broken, do not fit the generated code, or are not
    compatible with what was released. Not bound to a thread.
    """

    def __init__(self, folder: SchemaFolder | None = None, ids: Ids | None = None) -> None:
        self._folder = folder or SchemaFolder()
        self._ids = ids or FixedIds(self._folder)
        self._writers: dict[type[Record], Writer] = {}
        self._readers: dict[bytes, tuple[type[Record], Reader]] = {}
        self._schemas: Mapping[str, Json] = _schemas_of_generated_code(self._folder)
        for known in self._ids.current():
            self._add_current(known)
        missing = sorted(set(RECORDS) - {cls.__name__ for cls in self._writers})
        if missing:
            raise Misconfigured(f"there is no schema id for {', '.join(missing)}", remedy="Run `make generate`.")
        for known in self._ids.past():
            self._add(known)

    def encode(self, record: Record, envelope: Envelope | None = None) -> bytes:
        """The record's value bytes, with `envelope` in place of its own when given.

        Raises `Poison`: `INVALID` for a value that the schema does not allow, `DEFECT` for one of the wrong type.
        """
        cls = type(record)
        try:
            return self._writers[cls].write(_datum(record, envelope))
        except (Unfit, UnicodeEncodeError, OverflowError) as error:
            raise Poison(Reason.INVALID, f"a {cls.__name__} cannot be written: {_why(error)}") from None
        except ValueError:  # fastavro's, which repeats the value
            raise Poison(Reason.DEFECT, f"a {cls.__name__} holds a value of the wrong type") from None
        except (TypeError, AttributeError, LookupError) as error:
            raise Poison(Reason.DEFECT, f"a {cls.__name__} holds a value of the wrong type") from error

    def decode(self, value: bytes, expected: type[R]) -> R:
        """The record in `value`, which must be an `expected`.

        Raises `Poison`: `NOT_AVRO` for bytes that are not exactly one record, `UNKNOWN_SCHEMA`, `WRONG_RECORD`, and
        `INVALID` for a value that the record may not hold. With a registry, an id met for the first time may block and
        raise `Transient`.
        """
        cls, reader = self._readers.get(value[:HEADER_BYTES]) or self._unknown(value)
        if cls is not expected:
            raise Poison(Reason.WRONG_RECORD, f"a {cls.__name__} where a {expected.__name__} is expected")
        return cast(R, _read(cls, reader, value))

    def decode_any(self, value: bytes) -> Record:
        """The record in `value`, whatever its type; raises like `decode`."""
        cls, reader = self._readers.get(value[:HEADER_BYTES]) or self._unknown(value)
        return _read(cls, reader, value)

    def _unknown(self, value: bytes) -> tuple[type[Record], Reader]:
        if len(value) < HEADER_BYTES or value[0] != _MAGIC:
            raise Poison(Reason.NOT_AVRO, "the value does not begin with a schema id")
        schema_id = int.from_bytes(value[1:HEADER_BYTES], "big")
        known = self._ids.find(schema_id)
        if known is None:
            raise Poison(Reason.UNKNOWN_SCHEMA, f"no schema has the id {schema_id}")
        if known.record not in RECORDS:
            raise Poison(Reason.WRONG_RECORD, f"the schema with the id {schema_id} is no record of fixgate")
        try:
            return self._add(known)
        except Misconfigured as error:
            raise Poison(Reason.UNKNOWN_SCHEMA, f"the schema with the id {schema_id}: {error.message}") from None

    def _add_current(self, known: Known) -> None:
        cls = RECORDS.get(known.record)
        if cls is None or fingerprint(known.schema) != FINGERPRINTS[known.record]:
            raise Misconfigured(f"the schema of {known.record} is not the one that the code was generated from")
        header, schema = _header(known), self._schemas[known.record]
        self._writers[cls] = Writer(header, schema)
        self._readers[header] = (cls, Reader(schema))

    def _add(self, known: Known) -> tuple[type[Record], Reader]:
        cls = RECORDS.get(known.record)
        if cls is None:
            raise Misconfigured(f"{known.record} is no record of fixgate")
        schema = self._schemas[known.record]
        if fingerprint(known.schema) == FINGERPRINTS[known.record]:
            reader = Reader(schema)
        else:
            check_resolved(known.schema)
            require_compatible(known.record, schema, {f"id {known.id}": known.schema})
            reader = Reader(known.schema, schema)
        self._readers[_header(known)] = (cls, reader)
        return cls, reader


def _schemas_of_generated_code(folder: SchemaFolder) -> Mapping[str, Json]:
    schemas = {record: folder.resolved(record) for record in folder.records}
    prints = {record: fingerprint(schema) for record, schema in schemas.items()}
    if prints != FINGERPRINTS:
        wrong = sorted(r for r in {*prints, *FINGERPRINTS} if prints.get(r) != FINGERPRINTS.get(r))
        raise Misconfigured(
            f"fixgate/events/ was not generated from these schemas: {', '.join(wrong)}",
            remedy="Run `make generate`.",
        )
    for record, schema in schemas.items():
        past = {f"version {v.number}": v.schema for v in folder.versions(record) if v.released}
        require_compatible(record, schema, past)
    return schemas


def _header(known: Known) -> bytes:
    try:
        return _HEADER.pack(_MAGIC, known.id)
    except struct.error:
        raise Misconfigured(f"{known.id} is no schema id") from None


def _datum(record: Record, envelope: Envelope | None) -> Datum:
    datum = TO_DATUM[type(record)](record)
    if envelope is not None:
        if type(record) not in ENVELOPED:
            raise TypeError("a record without an envelope")
        datum["envelope"] = datum_envelope(envelope)
    return datum


def _read(cls: type[Record], reader: Reader, value: bytes) -> Record:
    try:
        return OF_DATUM[cls](reader.read(value, HEADER_BYTES))
    except Unfit as error:
        raise Poison(Reason.INVALID, f"a {cls.__name__} with {error}") from None
    except Malformed as error:
        raise Poison(Reason.NOT_AVRO, f"not a {cls.__name__}: {error}") from None


def _why(error: Exception) -> str:
    # A UnicodeError's text repeats what it stumbled over, which may be anything.
    match error:
        case UnicodeError():
            return "text that is no Unicode"
        case OverflowError():
            return "a number that is too large"
        case _:
            return str(error)


def record_type(name: str) -> type[Record]:
    """The class of a topic's record; raises `Misconfigured` when the schemas have none of that name."""
    try:
        return RECORDS[name]
    except KeyError:
        raise Misconfigured(f"there is no schema for the record {name}") from None


def envelope_of(record: Record) -> Envelope:
    """The record's envelope; an empty one for records that have none."""
    return cast(Enveloped, record).envelope if type(record) in ENVELOPED else Envelope()


def embedded(record: Record) -> tuple[Signed, ...]:
    """Every record that this one embeds, as it was sent, in the order of the schema."""
    find = EMBEDDED.get(type(record))
    return () if find is None else find(record)
