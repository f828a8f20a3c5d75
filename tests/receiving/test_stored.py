"""Reports over HTTP that no message holds: what is refused of them, and how they are stored and referred to."""

import asyncio
import gzip
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Misconfigured, Transient, Unavailable
from fixgate.graph import MIB
from fixgate.receiving import bodies
from fixgate.receiving.book import SourceBook
from fixgate.receiving.secrets import hashed
from fixgate.receiving.sources import MESSAGE, STORED
from fixgate.receiving.storing import Storing, most_of, storing_of
from fixgate.sealing import Seal, Unseal, generate
from fixgate.segments import REFERENCE, Purpose, manifest_of, opened
from fixgate.settings import Settings
from fixgate.signing import digest
from fixgate.vouching import HEADER
from tests.receiving.reception import INTAKE, REPORT, WAIT_S, Reception, Shelf, github, reception

LARGE = bytes(range(250)) * (9 * MIB // 250)
"""Three segments."""


def shown(desk: Reception, **more: str) -> dict[str, str]:
    """The headers of a source with a token."""
    return {"Authorization": f"Bearer {desk.token}", **more}


def nothing(desk: Reception) -> bool:
    """Whether neither the topic nor the store has anything."""
    return not desk.posted.records and not desk.shelf.kept


# -- what is refused ---------------------------------------------------------------------------------------------------


def settings_with(folder: Path, **said: Any) -> Settings:
    """Settings of a receiver; `intake_key` names a key that is there."""
    generate(folder, "intake")
    return Settings(home=folder, **said)


@pytest.mark.parametrize(
    ("said", "size", "lacks"),
    [
        ({}, MESSAGE, ("FIXGATE_INTAKE_KEY", "FIXGATE_OBJECTS")),
        ({"intake_key": "intake.pub"}, MESSAGE, ("FIXGATE_OBJECTS",)),
        ({"objects": "objects"}, MESSAGE, ("FIXGATE_INTAKE_KEY",)),
        ({"intake_key": "intake.pub", "objects": "objects", "report_limit": MESSAGE + 5}, MESSAGE + 5, ("_LIMIT",)),
    ],
)
def test_a_receiver_that_cannot_take_what_a_source_may_send_does_not_start(
    tmp_path: Path, said: dict[str, Any], size: int, lacks: tuple[str, ...]
) -> None:
    """It says which source, how much it takes, and exactly what is missing."""
    path = tmp_path / "sources.yaml"
    path.write_text(f"sources: {{ci: {{kind: token, token: '{hashed('t')}', max_bytes: {size + 1}}}}}")
    path.chmod(0o600)
    most = most_of(settings_with(tmp_path, **said))
    with pytest.raises(Misconfigured, match=f"source ci is {size + 1}, and the receiver takes {size}") as error:
        SourceBook(path, most).current()
    assert {name for name in ("FIXGATE_INTAKE_KEY", "FIXGATE_OBJECTS", "_LIMIT") if name in error.value.remedy} == {
        *lacks
    }
    path.write_text(path.read_text().replace(str(size + 1), str(size)))
    assert SourceBook(path, most).current().sources["ci"].max_bytes == size


def test_ordinary_sources_need_neither_key_nor_store(tmp_path: Path) -> None:
    """Nothing is made for what nobody sends."""
    assert storing_of(settings_with(tmp_path, intake_key=str(tmp_path / "intake.pub"))) is None
    assert storing_of(Settings(home=tmp_path, objects=str(tmp_path / "objects"))) is None


@pytest.mark.parametrize("name", ["intake.key", "nowhere.pub"])
def test_a_key_that_does_not_seal_is_refused_at_start(tmp_path: Path, name: str) -> None:
    """The private half above all: the receiver has no business with it."""
    settings = settings_with(tmp_path, intake_key=str(tmp_path / name), objects=str(tmp_path / "objects"))
    with pytest.raises(Misconfigured, match=name):
        storing_of(settings)


def test_a_limit_that_the_receiver_cannot_keep_lets_nobody_in(desk: Reception) -> None:
    """As any other fault of the file, until it is put right."""
    desk.usual(max_bytes=MESSAGE + 1)
    assert desk.post().status == 503
    assert desk.ask("GET", "/healthz").status == 503
    desk.usual(max_bytes=MESSAGE)
    assert desk.post().status == 202


def test_without_a_store_nothing_larger_than_a_message_is_taken(tmp_path: Path) -> None:
    """Whatever the sources say: it is not tried, and not cut off."""
    with reception(tmp_path, STORED) as desk:
        desk.usual(max_bytes=12 * MIB)
        assert desk.post(LARGE).status == 413
        assert desk.post(LARGE[:MESSAGE]).status == 202
        assert [record.value for record in desk.posted.records] == [LARGE[:MESSAGE]]


def test_what_is_over_the_sources_limit_is_refused_and_told_where_it_can_go(large: Reception) -> None:
    """On the wire and unpacked alike, and nothing of it is kept."""
    over = b"x" * (12 * MIB + 1)
    for body, headers in ((over, shown(large)), (gzip.compress(over, 1), shown(large, **{"Content-Encoding": "gzip"}))):
        heard = large.post(body, headers)
        assert heard.status == 413
        assert "max_bytes" in heard.body["error"]
        assert "fixgate publish" in heard.body["error"]
    assert nothing(large)


def test_who_sends_far_too_much_hears_it(large: Reception) -> None:
    """As large as any source's could be and more: the answer is not lost with the connection."""
    large.usual(max_bytes=1_000)
    assert large.post(b"x" * (STORED + MIB)).status == 413


def test_a_signature_that_does_not_fit_has_nothing_stored(large: Reception) -> None:
    """Who sent it is known before anything is kept of it."""
    assert large.post(LARGE, github(LARGE, b"another secret"), "github").status == 401
    assert nothing(large)


def test_a_large_report_that_has_no_room_is_told_to_come_again(large: Reception) -> None:
    """Before anything is stored."""
    large.room.take(bodies.ROOM - MESSAGE)
    heard = large.post(LARGE)
    assert (heard.status, heard.headers["retry-after"]) == (503, "5")
    assert nothing(large)
    large.room.take(MESSAGE - bodies.ROOM)
    assert large.post(LARGE).status == 202


@pytest.mark.parametrize("holds", [0, 2])
def test_a_store_that_fails_leaves_nothing_on_the_topic(large: Reception, holds: int) -> None:
    """At the first segment or the last; the sender is told when to come again, and not why."""
    large.shelf.fault, large.shelf.holds = Transient("a bucket of ours"), holds
    heard = large.post(LARGE)
    assert (heard.status, heard.headers["retry-after"]) == (503, "5")
    assert "bucket" not in str(heard.body)
    assert not large.posted.records
    large.shelf.fault = None
    assert large.post(LARGE).status == 202
    assert len(large.posted.records) == 1


def test_what_was_stored_and_is_not_on_the_topic_is_not_acknowledged(large: Reception) -> None:
    """The broker's word counts, not the store's."""
    large.posted.fault = Transient("down")
    assert large.post(LARGE).status == 503
    assert large.shelf.kept


def test_a_receiver_that_ends_does_not_finish_storing() -> None:
    """It waits for the segment that is being written, and leaves it at that."""
    shelf = Shelf()
    shelf.open.clear()
    storing = Storing(shelf, Seal(INTAKE.public_key()))
    with ThreadPoolExecutor(2) as pool:
        under_way = pool.submit(lambda: asyncio.run(storing.stored(LARGE)))
        assert shelf.asked.wait(WAIT_S)
        ended = pool.submit(storing.close)
        assert storing.ending.wait(WAIT_S)
        shelf.open.set()
        ended.result(WAIT_S)
        with pytest.raises(Unavailable):
            under_way.result(WAIT_S)
    assert len(shelf.kept) == 1


# -- what is promised --------------------------------------------------------------------------------------------------


def test_a_slow_store_holds_up_nobody_else(large: Reception) -> None:
    """While it takes its time others hand in their reports, and whoever asks hears that all is well."""
    large.shelf.open.clear()
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(large.post(LARGE).status)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert large.shelf.asked.wait(WAIT_S)
    assert large.post().status == 202
    assert large.ask("GET", "/healthz").status == 200
    assert [record.value for record in large.posted.records] == [REPORT]
    large.shelf.open.set()
    for thread in threads:
        thread.join(WAIT_S)
    assert statuses == [202] * 3


@pytest.mark.parametrize("way", ["token", "gzip", "github"])
def test_a_large_report_is_stored_and_referred_to(large: Reception, way: str) -> None:
    """The answer has the report's digest; the record is its manifest, vouched for as it stands there."""
    body, headers = {
        "token": (LARGE, shown(large)),
        "gzip": (gzip.compress(LARGE, 1), shown(large, **{"Content-Encoding": "gzip", "Fixgate-Format": "sarif"})),
        "github": (LARGE, github(LARGE)),
    }[way]
    heard = large.post(body, headers, "github" if way == "github" else "")
    (record,), (voucher,) = large.posted.records, large.vouched()
    assert heard.status == 202
    assert heard.body == {
        "digest": digest(LARGE),
        "topic": "findings.raw",
        "partition": record.target.partition,
        "offset": 0,
        "segments": 3,
    }
    manifest = manifest_of(record.value or b"")
    assert dict(record.headers)[REFERENCE] == b"1"
    assert b"".join(opened(manifest, large.shelf, Unseal([INTAKE]), Purpose.INTAKE)) == LARGE
    assert (manifest.digest, voucher.report) == (digest(LARGE), digest(record.value or b""))
    assert (voucher.source, HEADER in dict(record.headers)) == ("github" if way == "github" else "ci", True)


def test_what_a_message_holds_is_a_message(large: Reception) -> None:
    """To the byte; one more is stored."""
    assert "segments" not in large.post(LARGE[:MESSAGE]).body
    assert large.post(LARGE[: MESSAGE + 1]).body["segments"] == 3
    first, second = large.posted.records
    assert (first.value, REFERENCE in dict(first.headers)) == (LARGE[:MESSAGE], False)
    assert manifest_of(second.value or b"").size == MESSAGE + 1


def test_the_store_sees_nothing_of_a_report(large: Reception) -> None:
    """What it keeps is sealed, each segment by itself."""
    large.post(LARGE)
    assert len(large.shelf.kept) == 3
    assert not any(LARGE[:500] in kept for kept in large.shelf.kept.values())


def test_the_largest_report_is_taken_whole(large: Reception) -> None:
    """48 MiB, the most that any source may send."""
    large.sources(ci={"kind": "token", "token": hashed(large.token), "max_bytes": STORED})
    assert large.post(b"x" * STORED).body["segments"] == 12
