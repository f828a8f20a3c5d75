"""Who is not let in, and what is not taken, over HTTP: nothing of it is on the topic, and nothing shown is in a log."""

import base64
import gzip
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from fixgate.errors import Misconfigured, Transient, Unavailable
from fixgate.graph import MIB
from fixgate.receiving import bodies
from fixgate.receiving.bodies import Room
from fixgate.receiving.secrets import hashed, issue
from tests.receiving.reception import REPORT, SECRET, SVID, WAIT_S, Reception, github

NOT_AUTHENTICATED = {"error": "the sender is not authenticated"}


def basic(user: str, password: str) -> dict[str, str]:
    """The headers of Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@dataclass(frozen=True)
class Attempt:
    """A request that proves nothing."""

    headers: Callable[[Reception], dict[str, str]]
    source: str = ""


ATTEMPTS = {
    "nothing": Attempt(lambda _: {}),
    "another token": Attempt(lambda _: {"Authorization": f"Bearer {issue()}"}),
    "the token's digest": Attempt(lambda d: {"Authorization": f"Bearer {hashed(d.token)}"}),
    "no token": Attempt(lambda _: {"Authorization": "Bearer "}),
    "a token and more": Attempt(lambda d: {"Authorization": f"Bearer {d.token}x"}),
    "the token under another scheme": Attempt(lambda d: {"Authorization": f"Token {d.token}"}),
    "the token where another source shows its own": Attempt(lambda d: {"X-Api-Key": d.token}),
    "a header's token as a bearer": Attempt(lambda _: {"Authorization": "Bearer in-a-header"}),
    "the token with another source's name": Attempt(lambda d: basic("events", d.token)),
    "Basic that is none": Attempt(lambda _: {"Authorization": "Basic %%%"}),
    "Basic without a password": Attempt(lambda _: {"Authorization": "Basic Y2k="}),
    "a token at another source's address": Attempt(lambda d: {"Authorization": f"Bearer {d.token}"}, "events"),
    "a token at an address of nobody": Attempt(lambda d: {"Authorization": f"Bearer {d.token}"}, "nobody"),
    "a token at an address of one who signs": Attempt(lambda d: {"Authorization": f"Bearer {d.token}"}, "github"),
    "another identity": Attempt(lambda _: {"Authorization": "Bearer eyA.eyB.eyC"}),
    "a signature at no address": Attempt(lambda _: github(REPORT)),
    "a signature at an address of nobody": Attempt(lambda _: github(REPORT), "nobody"),
    "a signature at another source's address": Attempt(lambda _: github(REPORT), "ci"),
    "a signature with another secret": Attempt(lambda _: github(REPORT, b"x" * 29), "github"),
    "a signature with no secret": Attempt(lambda _: github(REPORT, b""), "github"),
    "a signature of another body": Attempt(lambda _: github(REPORT + b" "), "github"),
    "no signature": Attempt(lambda _: {"Content-Type": "application/json"}, "github"),
    "SHA-1": Attempt(lambda _: github(REPORT) | {"X-Hub-Signature-256": "sha1=" + "0" * 40}, "github"),
    "a signature without its name": Attempt(lambda _: github(REPORT) | {"X-Hub-Signature-256": "0" * 64}, "github"),
    "an empty signature": Attempt(lambda _: github(REPORT) | {"X-Hub-Signature-256": "sha256="}, "github"),
    "a signature in capitals": Attempt(
        lambda _: github(REPORT) | {"X-Hub-Signature-256": "sha256=" + "A" * 64}, "github"
    ),
    "a ping that is not signed": Attempt(lambda _: github(REPORT, b"x" * 29, "ping"), "github"),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_who_proves_nothing_hears_the_same_whatever_was_wrong(desk: Reception, name: str) -> None:
    """One status, one body: whether a name, a token or a signature was wrong is nobody's business."""
    attempt = ATTEMPTS[name]
    heard = desk.post(REPORT, attempt.headers(desk), attempt.source)
    assert (heard.status, heard.body) == (401, NOT_AUTHENTICATED)
    assert heard.headers["www-authenticate"] == "Bearer"
    assert not desk.posted.records


def test_nothing_that_was_shown_is_in_a_log(desk: Reception) -> None:
    """Neither a token that was right nor one that was wrong, nor a signature, nor a word of a report."""
    wrong = issue()
    for headers in ({"Authorization": f"Bearer {wrong}"}, basic("ci", wrong), {"X-Api-Key": wrong}):
        desk.post(b"a private word", headers)
    desk.post(b"a private word", {"Authorization": f"Bearer {desk.token}", "Fixgate-Format": "NO SUCH"})
    signed = github(b"a private word")
    desk.post(b"a private word", signed | {"X-Hub-Signature-256": "sha256=" + "5" * 64}, "github")
    desk.post(b"a private word")
    said = desk.logs.getvalue()
    assert said.count("a report was refused") == 5
    assert said.count("a report was taken") == 1
    for shown in (wrong, desk.token, hashed(desk.token), "private word", "NO SUCH", "5" * 64, SECRET.decode()):
        assert shown not in said


def test_refusals_do_not_fill_the_log(desk: Reception) -> None:
    """Anybody can be refused as often as they like."""
    for _ in range(70):
        desk.post(REPORT, {})
    assert desk.logs.getvalue().count("a report was refused") == 60
    desk.seconds = 61
    desk.post(REPORT, {})
    assert json.loads(desk.logs.getvalue().splitlines()[-1])["fields"]["unsaid_before"] == 10


@pytest.mark.parametrize("header", ["Authorization", "X-Hub-Signature-256", "Fixgate-Format", "Fixgate-Repository"])
def test_a_header_that_decides_and_is_there_twice_is_refused(desk: Reception, header: str) -> None:
    """What stands in front might have looked at the other one."""
    shown = {"Authorization": f"Bearer {desk.token}", "Fixgate-Format": "sarif", "Fixgate-Repository": "https://a/b"}
    source = "/github" if header.startswith("X-Hub") else ""
    headers = github(REPORT) if source else shown
    lines = [f"POST /v1/reports{source} HTTP/1.1", "Host: x", f"Content-Length: {len(REPORT)}"]
    lines += [f"{n}: {v}" for n, v in headers.items()] + [f"{header}: {headers[header]}"]
    assert raw(desk, "\r\n".join(lines).encode() + b"\r\n\r\n" + REPORT)[9:12] in (b"400", b"401")
    assert not desk.posted.records


def test_a_source_that_was_removed_is_refused_at_once(desk: Reception) -> None:
    """Without a restart."""
    assert desk.post().status == 202
    desk.sources()
    assert desk.post().status == 401


@pytest.mark.parametrize("content", ["sources: [", "version: 2", "sources:\n  a: {kind: token}\n"])
def test_sources_that_cannot_be_read_let_nobody_in(desk: Reception, content: str) -> None:
    """Those of before might be the ones that somebody took out."""
    (desk.folder / "sources.yaml").write_text(content)
    heard = desk.post()
    assert (heard.status, int(heard.headers["retry-after"]) > 0) == (503, True)
    assert desk.ask("GET", "/healthz").status == 503
    desk.usual()
    assert desk.post().status == 202


def test_a_body_over_the_sources_limit_is_refused(desk: Reception) -> None:
    """By what it says of its length before it is read, and by what comes where it says nothing."""
    desk.usual(max_bytes=1000)
    assert desk.post(b"x" * 1001).status == 413
    chunked = b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer "
    chunked += desk.token.encode() + b"\r\n\r\n" + b"3E9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"
    assert raw(desk, chunked).startswith(b"HTTP/1.1 413")
    assert not desk.posted.records
    assert desk.post(b"x" * 1000).status == 202


def test_a_small_body_cannot_become_a_large_one(desk: Reception) -> None:
    """What it unpacks to is bounded while it is unpacked."""
    desk.usual(max_bytes=100_000)
    bomb = gzip.compress(b"\0" * (64 * MIB))
    headers = {"Authorization": f"Bearer {desk.token}", "Content-Encoding": "gzip"}
    assert len(bomb) < 100_000
    assert desk.post(bomb, headers).status == 413
    assert desk.post(gzip.compress(b"x" * 100_001), headers).status == 413
    assert not desk.posted.records
    assert desk.post(gzip.compress(b"x" * 100_000), headers).status == 202


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(REPORT)[:-4], "gzip", 400),
        (gzip.compress(REPORT) + b"more", "gzip", 400),
        (gzip.compress(REPORT) * 2, "gzip", 400),
        (REPORT, "gzip", 400),
        (b"", "gzip", 400),
        (gzip.compress(b""), "gzip", 400),
        (REPORT, "br", 415),
        (REPORT, "gzip, gzip", 415),
        (REPORT, "deflate", 415),
        (b"", "identity", 400),
    ],
)
def test_an_encoding_that_is_not_what_it_says_is_refused(
    desk: Reception, body: bytes, encoding: str, status: int
) -> None:
    """Cut off, with something behind it, not compressed, empty, or of another kind."""
    headers = {"Authorization": f"Bearer {desk.token}", "Content-Encoding": encoding}
    assert desk.post(body, headers).status == status
    assert not desk.posted.records


def raw(desk: Reception, request: bytes, *, end: bool = False) -> bytes:
    """Send these bytes, and hear what comes until the receiver closes."""
    with socket.create_connection(("127.0.0.1", desk.port), timeout=WAIT_S) as connection:
        connection.sendall(request)
        if end:
            connection.shutdown(socket.SHUT_WR)
        heard = b""
        while part := connection.recv(65_536):
            heard += part
        return heard


def started(desk: Reception, length: str) -> bytes:
    """The beginning of a request that claims this length."""
    return f"POST /v1/reports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.token}\r\n{length}\r\n\r\n".encode()


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "0x10", "9" * 30, "5, 6"])
def test_a_length_that_is_none_is_refused(desk: Reception, length: str) -> None:
    """Whatever it was meant to be."""
    heard = raw(desk, started(desk, f"Content-Length: {length}") + REPORT, end=True)
    assert heard[9:12] in (b"400", b"413")
    assert not desk.posted.records


def test_a_body_shorter_than_it_says_is_not_taken(desk: Reception) -> None:
    """A report that was cut off on its way must not pass for a whole one."""
    raw(desk, started(desk, f"Content-Length: {len(REPORT) + 10}") + REPORT, end=True)
    assert not desk.posted.records


def test_what_stands_behind_a_body_is_no_request(desk: Reception) -> None:
    """One connection, one request: nobody can smuggle a second one past what stands in front."""
    second = started(desk, f"Content-Length: {len(REPORT)}") + REPORT
    heard = raw(desk, started(desk, "Content-Length: 3") + b"abc" + second)
    assert heard.count(b"HTTP/1.1 ") == 1
    assert [record.value for record in desk.posted.records] == [b"abc"]


def test_a_body_that_does_not_come_is_not_waited_for(desk: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends slowly, or stops, holds nothing for long."""
    monkeypatch.setattr(bodies.read, "__kwdefaults__", {"within_s": 0.05})
    heard = raw(desk, started(desk, "Content-Length: 100") + b"{")
    assert heard.startswith(b"HTTP/1.1 408")
    assert not desk.posted.records


def test_all_bodies_together_are_bounded(desk: Reception) -> None:
    """With no room left a sender is told to come again, and the room is there again afterwards."""
    desk.room.take(bodies.ROOM - 10)
    heard = desk.post()
    assert (heard.status, "retry-after" in heard.headers) == (503, True)
    desk.room.take(-(bodies.ROOM - 10))
    assert desk.post().status == 202


def test_bodies_of_nobody_take_no_room_from_those_of_authenticated_senders(desk: Reception) -> None:
    """Who a signer is shows when its body has come: whoever knows its address could fill the room."""
    desk.room.take(bodies.ROOM)
    assert desk.post(headers=github(REPORT, b"another secret"), source="github").status == 401
    assert desk.post(headers=github(REPORT), source="github").status == 202
    desk.room.take(-bodies.ROOM)
    desk.porch.take(bodies.PORCH)
    assert desk.post(headers=github(REPORT), source="github").status == 503
    assert desk.post().status == 202


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"PUT /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"]
)
def test_who_is_told_that_nothing_is_there_holds_no_connection(desk: Reception, first: bytes) -> None:
    """Nor can it begin a second request, and take for its headers as long as it likes."""
    heard = raw(desk, first + b"POST /v1/reports HTTP/1.1\r\nHost: ")
    assert heard.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in heard


def test_room_that_was_held_is_given_back() -> None:
    """Also when the body was refused."""
    room = Room(10)
    for _ in range(3):
        with room.held() as held:
            held.take(10)
    with room.held() as held:
        held.take(10)


@pytest.mark.parametrize("source", ["ci", "github"])
def test_a_source_that_sends_too_often_is_told_when_to_come_again(desk: Reception, source: str) -> None:
    """And one that does not is not hindered by it."""
    desk.usual(reports_per_minute=2)
    headers = github(REPORT) if source == "github" else None
    assert [desk.post(headers=headers, source=source).status for _ in range(3)] == [202, 202, 429]
    heard = desk.post(headers=headers, source=source)
    assert (heard.status, heard.headers["retry-after"]) == (429, "30")
    assert desk.post(headers={"X-Api-Key": "in-a-header"}).status == 202
    desk.seconds += 30
    assert desk.post(headers=headers, source=source).status == 202


def test_a_source_that_sends_too_much_is_told_when_to_come_again(desk: Reception) -> None:
    """One report may go over; the next waits until it has been made up for."""
    desk.usual(bytes_per_minute=600)
    assert desk.post(b"x" * 900).status == 202
    heard = desk.post(b"x")
    assert (heard.status, heard.headers["retry-after"]) == (429, "31")
    desk.seconds += 31
    assert desk.post(b"x").status == 202


def test_who_is_not_authenticated_uses_up_nobodys_rate(desk: Reception) -> None:
    """Not with a wrong token, and not with a wrong signature at the source's address."""
    desk.usual(reports_per_minute=1)
    for _ in range(3):
        desk.post(headers={"Authorization": "Bearer x"})
        desk.post(headers=github(REPORT, b"x" * 29), source="github")
    assert desk.post().status == 202
    assert desk.post(headers=github(REPORT), source="github").status == 202


@pytest.mark.parametrize("fault", [Transient("down"), Unavailable("down"), Misconfigured("may not write")])
def test_what_the_broker_does_not_have_is_not_acknowledged(desk: Reception, fault: Exception) -> None:
    """The sender is told to send again."""
    desk.posted.fault = fault
    heard = desk.post()
    assert (heard.status, heard.headers["retry-after"]) == (503, "5")
    assert "down" not in json.dumps(heard.body)


def test_an_answer_waits_for_the_broker(desk: Reception) -> None:
    """Nothing is said before the record is there for good."""
    desk.posted.silent = True
    with socket.create_connection(("127.0.0.1", desk.port), timeout=WAIT_S) as connection:
        connection.sendall(started(desk, f"Content-Length: {len(REPORT)}") + REPORT)
        assert desk.posted.asked.wait(WAIT_S)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.settimeout(WAIT_S)
        desk.posted.waiting[0].set_result(7)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 202")


def test_an_authority_that_is_silent_is_no_refusal(desk: Reception) -> None:
    """Whether the identity is a source's cannot be told now."""
    desk.svids.fault = Unavailable("silent")
    assert desk.post(headers={"Authorization": f"Bearer {SVID}"}).status == 503


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Fixgate-Format": "trivy"}, 415),
        ({"Fixgate-Format": "../x"}, 400),
        ({"Fixgate-Format": "sarif", "Fixgate-Repository": "https://evil/b"}, 400),
        ({"Fixgate-Format": "sarif", "Fixgate-Repository": "a b"}, 400),
    ],
)
def test_a_source_says_only_what_it_may(desk: Reception, headers: dict[str, str], status: int) -> None:
    """Of several formats it has to name one of its own, and no repository but its own."""
    desk.usual()
    limits = {"formats": ["sarif", "semgrep"], "repository": "https://host/acme/shop"}
    desk.sources(ci={"kind": "token", "token": hashed(desk.token), **limits})
    heard = desk.post(headers={"Authorization": f"Bearer {desk.token}", **headers})
    assert heard.status == status
    assert not desk.posted.records


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"X-GitHub-Event": "push"}, 422),
        ({"X-GitHub-Event": ""}, 422),
    ],
)
def test_what_github_sends_and_is_no_alert_is_refused(desk: Reception, change: dict[str, str], status: int) -> None:
    """A webhook that is set up wrongly shows at GitHub as failed."""
    assert desk.post(headers=github(REPORT) | change, source="github").status == status
    assert not desk.posted.records


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/reports", 405), ("PUT", "/v1/reports/ci", 405), ("POST", "/", 404), ("POST", "/v1/reports/a/b", 404)],
)
def test_there_is_nothing_else(desk: Reception, method: str, path: str, status: int) -> None:
    """No documentation, no listing, no other method."""
    assert desk.ask(method, path, REPORT, {"Authorization": f"Bearer {desk.token}"}).status == status


def test_who_is_refused_hears_it_though_it_still_sends(desk: Reception) -> None:
    """A large body that is not taken is let come, so that the answer is not lost with the connection."""
    heard = desk.post(b"x" * (8 * MIB), {"Authorization": "Bearer x"})
    assert heard.status == 401
    assert desk.post(b"x" * (8 * MIB + 1)).status == 413


def test_who_asks_before_it_sends_is_answered_at_once(desk: Reception) -> None:
    """Nothing is asked for that will be refused (RFC 9110, 10.1.1)."""
    lines = ["POST /v1/reports HTTP/1.1", "Host: x", "Content-Length: 9000000", "Expect: 100-continue"]
    heard = raw(desk, "\r\n".join(lines).encode() + b"\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 401")


def test_what_fails_here_is_told_without_a_word_of_the_report(desk: Reception, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error's text could quote what a library was given."""

    def failing(record: object) -> None:
        raise ValueError("a private word")

    monkeypatch.setattr(desk.posted, "post", failing)
    heard = desk.post()
    assert heard.status == 500
    assert "private" not in json.dumps(heard.body) + desk.logs.getvalue()
    assert '"kind": "ValueError"' in desk.logs.getvalue()
