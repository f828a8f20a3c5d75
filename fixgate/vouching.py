"""Who handed a report in, said by whoever took it and signed over the report's digest. Pure.

Kafka does not tell a reader who wrote a record. So whoever writes `findings.raw` may add the header `fixgate-voucher`:
a DSSE v1.0.0 envelope (JSON) around a statement, signed with the writer's SVID key:

    {"delivery": "…", "principal": "…", "received_at": "…Z", "report": "sha256:…", "source": "…", "version": 1,
     "way": "http" | "kafka" | "sqs"}

A process of ours that takes reports from others says whom it authenticated. A scanner that writes by itself can say
only that it was this scanner. What is said of another report, by another party, or too long ago is refused: a report is
with a voucher that holds, or with none, never with one that is passed over.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from fixgate.attestation import envelope_of, read
from fixgate.broker import Headers
from fixgate.errors import Poison, Reason, Refused
from fixgate.signing import Signer
from fixgate.trust import TrustBundle
from fixgate.verification import Verifier

HEADER: Final = "fixgate-voucher"
PAYLOAD_TYPE: Final = "application/vnd.fixgate.voucher+json"
LIMIT: Final = 32 * 1024
"""Bytes of a voucher at most: a certificate chain of 16 KiB in base64, and a statement."""
FRESH: Final = timedelta(minutes=10)
"""How far apart the report's taking and its being on the broker may be. One is the taker's clock, the other the
broker's; between them lies one write, which is given up after half a minute."""
NAME_LIMIT: Final = 200
PRINCIPAL_LIMIT: Final = 2_048
"""Characters of a SPIFFE ID at most (SPIFFE-ID §2.2), and so of any principal."""


class Way(StrEnum):
    """How a report came."""

    HTTP = "http"
    SQS = "sqs"
    KAFKA = "kafka"
    """Its sender wrote it onto the topic itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """What is said of one report.

    `report` is its digest, `principal` its sender as he was authenticated (`token:NAME`, `github:NAME`, `sqs:ARN`, a
    SPIFFE ID), `received_at` when it was taken (UTC), `delivery` the sender's own id of it, empty without one.
    """

    report: str
    source: str
    principal: str
    way: Way
    received_at: datetime
    delivery: str = ""

    @property
    def proves_source(self) -> bool:
        """Whether the source's name was proved: it belongs to the principal by configuration. A scanner chooses it."""
        return self.way is not Way.KAFKA


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouching:
    """Who may vouch, by SPIFFE ID: `takers` for whom they authenticated, `scanners` each for itself."""

    takers: Collection[str]
    scanners: Collection[str]


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be one line that can be printed, without blanks around it")
    return text


_Line = Annotated[str, StringConstraints(min_length=1), AfterValidator(_printable)]


class _Statement(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    report: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    source: Annotated[_Line, StringConstraints(max_length=NAME_LIMIT)]
    principal: Annotated[_Line, StringConstraints(max_length=PRINCIPAL_LIMIT)]
    way: Way
    received_at: AwareDatetime
    delivery: Annotated[str, StringConstraints(max_length=NAME_LIMIT), AfterValidator(_printable)]


def make(voucher: Voucher, signer: Signer) -> bytes:
    """The header's value; raises ValueError for a voucher that no reader would take."""
    statement = _Statement(
        version=1,
        report=voucher.report,
        source=voucher.source,
        principal=voucher.principal,
        way=voucher.way,
        received_at=voucher.received_at.astimezone(UTC),
        delivery=voucher.delivery,
    )
    payload = json.dumps(statement.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode()
    return envelope_of(payload, signer.attest(PAYLOAD_TYPE, payload), PAYLOAD_TYPE)


def voucher_in(headers: Headers) -> bytes | None:
    """The voucher that a record carries, unread; None without one.

    Raises Poison when there are several (two readers might each believe another one), or when it is too long.
    """
    found = [value for name, value in headers if name == HEADER]
    if len(found) > 1:
        raise Poison(Reason.BAD_SIGNATURE, f"the header {HEADER} is there {len(found)} times")
    if found and len(found[0]) > LIMIT:
        raise Poison(Reason.BAD_SIGNATURE, f"the voucher has {len(found[0])} bytes, over {LIMIT}")
    return found[0] if found else None


def verify(
    envelope: bytes, report: str, *, verifier: Verifier, vouching: Vouching, at_ms: int, trust: TrustBundle
) -> Voucher:
    """What is said of the report with this digest, which the broker got at `at_ms` (milliseconds since 1970).

    Raises Poison: UNSIGNED for what is no voucher, BAD_SIGNATURE for what does not fit its signature, the certificate
    or the report, WRONG_SIGNER for somebody who may not say this, REPLAYED for one that is too old.
    """
    try:
        signed = read(envelope, PAYLOAD_TYPE)
    except Refused:
        raise Poison(Reason.UNSIGNED, "what the report carries as its voucher is none") from None
    found = verifier.verify(
        signed.payload,
        signed.signature,
        signed.certificate,
        signers={*vouching.takers, *vouching.scanners},
        at_ms=at_ms,
        trust=trust,
        payload_type=PAYLOAD_TYPE,
    )
    voucher = _stated(signed.payload)
    if voucher.report != report:
        raise Poison(Reason.BAD_SIGNATURE, "the voucher is of another report")
    if found.signer not in vouching.takers and (voucher.principal, voucher.way) != (found.signer, Way.KAFKA):
        raise Poison(Reason.WRONG_SIGNER, f"{found.signer} may vouch for itself alone")
    if abs(datetime.fromtimestamp(at_ms / 1000, UTC) - voucher.received_at) > FRESH:
        raise Poison(Reason.REPLAYED, "the voucher was made too long before or after the report was appended")
    return voucher


def _stated(payload: bytes) -> Voucher:
    try:
        said = _Statement.model_validate_json(payload)
    except ValidationError:
        raise Poison(Reason.UNSIGNED, "what the voucher states cannot be read") from None
    return Voucher(
        report=said.report,
        source=said.source,
        principal=said.principal,
        way=said.way,
        received_at=said.received_at.astimezone(UTC),
        delivery=said.delivery,
    )
