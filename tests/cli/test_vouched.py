"""What whoever writes a report itself says of that: never what another said, and nothing that no reader would take."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from fixgate.broker import Headers
from fixgate.cli.vouched import vouched
from fixgate.signing import Signer, digest
from fixgate.verification import Verifier
from fixgate.vouching import HEADER, Voucher, Vouching, Way, verify
from tests.fixgate.certificates import Shape, authority_shape, leaf, self_signed, trust

SCANNER = "spiffe://fixgate.internal/fixgate/scanner"
REPORT = b"a report"
NOW = datetime.now(UTC)
ROOT = self_signed(authority_shape(start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=1)))
LEAF = leaf(
    ROOT,
    replace(Shape(), uris=(SCANNER,), start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=1)),
)


class Scanner:
    """An identity without a Workload API."""

    spiffe_id = SCANNER

    def signer(self) -> Signer:
        """Its signer."""
        return LEAF.signer()


def given(*headers: tuple[str, bytes]) -> Headers:
    """The headers with which a report goes out."""
    return vouched(cast("Any", Scanner()), REPORT, b"the-key", headers)


def read(headers: Headers) -> Voucher:
    """What a reader makes of them."""
    return verify(
        dict(headers)[HEADER],
        digest(REPORT),
        verifier=Verifier(),
        vouching=Vouching(takers=(), scanners={SCANNER}),
        at_ms=int(datetime.now(UTC).timestamp() * 1000),
        trust=trust(ROOT),
    )


def test_another_voucher_is_replaced() -> None:
    """A report that is put back is sent by whoever puts it back; what the receiver said of it is over."""
    headers = given((HEADER, b"the receiver's"), ("fixgate-source", b"ci"), (HEADER, b"and one more"))
    assert [name for name, _ in headers] == ["fixgate-source", HEADER]
    assert read(headers).principal == SCANNER


@pytest.mark.parametrize("source", [b"two\nlines", b"\xff\x00", b"", b" blank ", b"x" * 201])
def test_an_odd_source_goes_without_a_voucher(source: bytes) -> None:
    """Nobody would take it; the report goes out all the same, and its sender is not known."""
    assert given(("fixgate-source", source)) == (("fixgate-source", source),)


def test_the_source_is_the_headers_or_the_key() -> None:
    """As ingest names it; of any alphabet."""
    assert read(given()).source == "the-key"
    said = read(given(("fixgate-source", "Prüfer".encode())))
    assert (said.source, said.principal, said.way, said.proves_source) == ("Prüfer", SCANNER, Way.KAFKA, False)
