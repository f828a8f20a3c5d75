"""What whoever writes a report onto the topic itself says of that: it was I."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fixgate.broker import Headers

if TYPE_CHECKING:
    from fixgate.identity import WorkloadIdentity


def vouched(identity: "WorkloadIdentity", report: bytes, key: bytes, headers: Headers) -> Headers:
    """The headers with a voucher by this identity, in the place of any that was there; without one for an odd source.

    `report` is the record's value. What another vouched for is over when the report is put back: then it is the one who
    puts it back that sends it. Raises Refused or Unavailable when this identity may not sign.
    """
    from fixgate.intake import SOURCE_HEADER  # noqa: PLC0415 - slow to import
    from fixgate.signing import digest  # noqa: PLC0415 - slow to import
    from fixgate.vouching import HEADER, Voucher, Way, make  # noqa: PLC0415 - slow to import

    rest = tuple((name, value) for name, value in headers if name != HEADER)
    source = next((value for name, value in rest if name == SOURCE_HEADER), key)
    said = Voucher(
        report=digest(report),
        source=source.decode(errors="replace"),
        principal=identity.spiffe_id,
        way=Way.KAFKA,
        received_at=datetime.now(UTC),
    )
    try:
        return (*rest, (HEADER, make(said, identity.signer())))
    except ValueError:
        return rest
