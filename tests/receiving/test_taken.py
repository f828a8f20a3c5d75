"""What is taken over HTTP: the exact bytes, under the source's name, with a voucher for who sent them."""

import base64
import gzip

import pytest

from fixgate.partitioning import partition_of
from fixgate.receiving.secrets import hashed
from fixgate.signing import digest
from fixgate.vouching import HEADER, Way
from tests.fixgate.certificates import NOW
from tests.receiving.reception import REPORT, SCANNER, SVID, Reception, github

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def shown(desk: Reception, name: str) -> dict[str, str]:
    """What the source of that name shows."""
    return {
        "ci": {"Authorization": f"Bearer {desk.token}"},
        "events": {"X-API-KEY": "in-a-header"},
        "github": github(REPORT),
        "scanner": {"Authorization": f"bearer {SVID}"},
    }[name]


@pytest.mark.parametrize(
    ("name", "principal", "addressed"),
    [
        ("ci", "token:ci", False),
        ("ci", "token:ci", True),
        ("events", "token:events", False),
        ("scanner", SCANNER, False),
        ("scanner", SCANNER, True),
        ("github", "github:github", True),
    ],
)
def test_each_way_of_proving_it_names_its_principal(
    desk: Reception, name: str, principal: str, *, addressed: bool
) -> None:
    """The record is the body, keyed by the source; the voucher says who sent it and when."""
    heard = desk.post(REPORT, shown(desk, name), name if addressed else "")
    partition = partition_of(name.encode(), 4)
    assert heard.status == 202
    assert heard.body == {"digest": digest(REPORT), "topic": "findings.raw", "partition": partition, "offset": 0}
    (record,), (voucher,) = desk.posted.records, desk.vouched()
    assert (record.target, record.key, record.value) == (("fixgate.findings.raw", partition), name.encode(), REPORT)
    assert (voucher.source, voucher.principal, voucher.way, voucher.received_at) == (name, principal, Way.HTTP, NOW)
    assert dict(record.headers)["fixgate-source"] == name.encode()


def test_basic_shows_the_token_as_password(desk: Reception) -> None:
    """With the source's own name as the user."""
    credentials = base64.b64encode(f"ci:{desk.token}".encode()).decode()
    assert desk.post(headers={"Authorization": f"Basic {credentials}"}).status == 202


def test_githubs_ping_is_answered_and_is_no_report(desk: Reception) -> None:
    """It says that the webhook is set up rightly."""
    heard = desk.post(REPORT, github(REPORT, event="ping"), "github")
    assert (heard.status, heard.body) == (200, {"ping": True})
    assert not desk.posted.records


@pytest.mark.parametrize("event", ["code_scanning_alert", "dependabot_alert", "secret_scanning_alert"])
def test_githubs_alerts_keep_their_delivery(desk: Reception, event: str) -> None:
    """By its id the delivery is found at GitHub."""
    assert desk.post(REPORT, github(REPORT, event=event), "github").status == 202
    assert desk.vouched()[0].delivery == "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def test_the_exact_bytes_are_signed_and_kept(desk: Reception) -> None:
    """White space and characters of any kind as they are: nothing is parsed."""
    odd = b' {"a" :\t1}\r\n\xef\xbb\xbf\x00\xff'
    assert desk.post(odd, github(odd), "github").status == 202
    assert desk.posted.records[0].value == odd


def test_a_compressed_report_is_unpacked(desk: Reception) -> None:
    """What ingest reads is the report."""
    headers = shown(desk, "ci") | {"Content-Encoding": "gzip"}
    assert desk.post(gzip.compress(REPORT), headers).status == 202
    assert desk.posted.records[0].value == REPORT


def test_what_a_sender_says_of_its_report_goes_along(desk: Reception) -> None:
    """Format, repository, delivery and trace, as far as it may say them."""
    said = {
        "Fixgate-Format": "sarif",
        "Fixgate-Repository": "https://host/acme/shop",
        "Fixgate-Delivery": "run-7",
        "traceparent": TRACE,
    }
    assert desk.post(headers=shown(desk, "ci") | said).status == 202
    headers = dict(desk.posted.records[0].headers)
    assert headers["fixgate-format"] == b"sarif"
    assert headers["fixgate-repository"] == b"https://host/acme/shop"
    assert headers["traceparent"].startswith(TRACE[:36].encode())
    assert desk.vouched()[0].delivery == "run-7"


def test_what_the_sources_say_of_it_goes_along(desk: Reception) -> None:
    """One format and one repository need not be said each time."""
    limits = {"formats": ["sarif"], "repository": "https://host/acme/shop"}
    desk.sources(ci={"kind": "token", "token": hashed(desk.token), **limits})
    assert desk.post().status == 202
    headers = dict(desk.posted.records[0].headers)
    assert (headers["fixgate-format"], headers["fixgate-repository"]) == (b"sarif", b"https://host/acme/shop")


def test_a_delivery_that_is_no_line_is_left_out(desk: Reception) -> None:
    """It is the sender's word for people alone."""
    assert desk.post(headers=shown(desk, "ci") | {"Fixgate-Delivery": "\xe9" * 9}).status == 202
    assert desk.vouched()[0].delivery == ""


def test_a_sender_cannot_vouch_for_itself_by_a_header(desk: Reception) -> None:
    """Headers of a request are no headers of the record."""
    headers = shown(desk, "ci") | {"Fixgate-Voucher": "{}", "Fixgate-Source": "somebody-else"}
    assert desk.post(headers=headers).status == 202
    assert [name for name, _ in desk.posted.records[0].headers].count(HEADER) == 1
    assert desk.vouched()[0].source == "ci"


def test_the_same_report_twice_is_two_records(desk: Reception) -> None:
    """What was sent again because an answer was lost is the same findings; that is ingest's to see."""
    assert [desk.post().body["offset"] for _ in range(2)] == [0, 1]


def test_a_receiver_that_is_well_says_so(desk: Reception) -> None:
    """To whoever asks, and nothing else."""
    heard = desk.ask("GET", "/healthz")
    assert (heard.status, heard.body) == (200, {"ok": True})
