"""Ids from a registry: a small server speaks what is used of Confluent's API; what goes wrong comes first."""

import base64
import dataclasses
import json
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from fixgate.codec import Codec
from fixgate.errors import Misconfigured, Poison, Reason, Transient, Unavailable
from fixgate.events import RECORDS, StateEntry
from fixgate.registry import Registry, RegistryIds, codec_from, register_all, schema_text, subject_of
from fixgate.schemas import SchemaFolder
from fixgate.settings import Settings

FOLDER = SchemaFolder()
ENTRY = StateEntry(value=b"v", input="tick")
Answer = tuple[int, bytes]


@dataclasses.dataclass
class Server:
    """A registry in memory, counting what it is asked."""

    address: str = ""
    schemas: dict[int, str] = dataclasses.field(default_factory=dict[int, str])
    subjects: dict[str, list[int]] = dataclasses.field(default_factory=dict[str, list[int]])
    levels: dict[str, str] = dataclasses.field(default_factory=dict[str, str])
    asked: list[str] = dataclasses.field(default_factory=list[str])
    logins: set[str | None] = dataclasses.field(default_factory=set[str | None])
    instead: Callable[[str], Answer | None] = lambda _: None

    def answer(self, method: str, path: str, body: Any) -> Answer:
        """What a registry would say."""
        if (found := re.fullmatch(r"/schemas/ids/(\d+)", path)) and method == "GET":
            text = self.schemas.get(int(found[1]))
            return (404, b'{"error_code": 40403}') if text is None else (200, json.dumps({"schema": text}).encode())
        if (found := re.fullmatch(r"/subjects/([^/]+)", path)) and method == "POST":
            for known in self.subjects.get(found[1], ()):
                if self.schemas[known] == body["schema"]:
                    return 200, json.dumps({"id": known}).encode()
            return 404, b'{"error_code": 40403}'
        if (found := re.fullmatch(r"/subjects/([^/]+)/versions", path)) and method == "POST":
            known = next((i for i, text in self.schemas.items() if text == body["schema"]), 100 + len(self.schemas))
            self.schemas[known] = body["schema"]
            ids = self.subjects.setdefault(found[1], [])
            ids += [known] if known not in ids else []
            return 200, json.dumps({"id": known}).encode()
        if (found := re.fullmatch(r"/config/([^/]+)", path)) and method == "PUT":
            self.levels[found[1]] = body["compatibility"]
            return 200, b"{}"
        return 405, b""


class Handler(BaseHTTPRequestHandler):
    """Hands each request to the server's state."""

    server_state: ClassVar[Server]

    def handle_any(self) -> None:
        """Every method alike."""
        state = self.server_state
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        state.asked.append(f"{self.command} {self.path}")
        state.logins.add(self.headers.get("Authorization"))
        status, data = state.instead(self.path) or state.answer(self.command, self.path, json.loads(body or b"null"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status == 302:
            self.send_header("Location", f"{state.address}/elsewhere")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A registry on a free port."""
    state = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"server_state": state}))
    state.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def filled(server: Server) -> Server:
    """A registry in which the provisioner has registered everything."""
    register_all(Registry(server.address), FOLDER, "fixgate.")
    server.asked.clear()
    return server


def refusal(status: int, _path: str) -> Answer:
    """An answer of nothing but a status."""
    return status, b"{}"


def codec_for(server: Server, prefix: str = "fixgate.") -> Codec:
    """A codec with the registry's ids."""
    return codec_from(Settings(schema_registry_url=server.address, prefix=prefix))


@pytest.mark.parametrize(
    "url",
    [
        "registry:8081",
        "ftp://registry",
        "http://",
        "file:///etc/passwd",
        "https:///path",
        "http://[::1",
        "http://a:99999",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(Misconfigured, match="http or https"):
        Registry(url)


def test_a_registry_that_is_down_at_start_is_unavailable(server: Server) -> None:
    """And the message says where it was looked for, without user and password."""
    server.instead = lambda _: (503, b"")
    with pytest.raises(Unavailable, match=r"answered POST /subjects/fixgate\.\w+ with 503"):
        codec_for(server)
    with pytest.raises(Unavailable) as caught:
        codec_from(Settings(schema_registry_url="http://user:hunter2@127.0.0.1:1"))
    assert "http://127.0.0.1:1 " in caught.value.message
    assert "hunter2" not in caught.value.message + caught.value.remedy


def test_a_registry_that_does_not_let_us_in_is_a_misconfiguration(server: Server) -> None:
    """Waiting would not help."""
    for status in (401, 403):
        server.instead = partial(refusal, status)
        with pytest.raises(Misconfigured, match=f"refuses POST .*{status}"):
            codec_for(server)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((200, b"<html>"), id="no JSON"),
        pytest.param((200, b""), id="nothing"),
        pytest.param((200, b"[]"), id="no object"),
        pytest.param((200, b'{"id": "7"}'), id="no number"),
        pytest.param((200, b"[" * 100_000), id="too deep"),
        pytest.param((302, b""), id="a redirect"),
        pytest.param((200, b" " * (8 * 1024 * 1024 + 1)), id="too long"),
    ],
)
def test_an_answer_that_is_none_is_as_good_as_down(server: Server, answer: Answer) -> None:
    """A proxy's page, a redirect elsewhere: nothing is made of it, and nothing is followed."""
    server.instead = lambda _: answer
    with pytest.raises(Unavailable):
        codec_for(server)
    assert all("elsewhere" not in asked for asked in server.asked)


def test_a_schema_that_is_not_registered_is_a_refusal_to_start(server: Server) -> None:
    """A service does not register: that would let it bring its own."""
    with pytest.raises(Misconfigured, match=r"lacks the current schema of fixgate\.Approval"):
        codec_for(server)
    assert server.schemas == {}
    assert not any(asked.endswith("/versions") for asked in server.asked)


def test_another_deployments_subjects_are_not_ours(filled: Server) -> None:
    """The prefix keeps two deployments on one registry apart."""
    with pytest.raises(Misconfigured, match=r"lacks the current schema of staging\.Approval"):
        codec_for(filled, prefix="staging.")


def test_an_unknown_id_is_transient_while_the_registry_is_down(filled: Server) -> None:
    """The record may be good."""
    codec = codec_for(filled)
    filled.instead = lambda _: (500, b"")
    with pytest.raises(Transient):
        codec.decode(b"\0\0\0\x27\x0f", StateEntry)
    filled.instead = lambda _: (401, b"")
    with pytest.raises(Transient):
        codec.decode(b"\0\0\0\x27\x0f", StateEntry)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(None, Reason.UNKNOWN_SCHEMA, id="there is none"),
        pytest.param("{", Reason.UNKNOWN_SCHEMA, id="no JSON"),
        pytest.param('"string"', Reason.UNKNOWN_SCHEMA, id="no record"),
        pytest.param("[" * 100_000, Reason.UNKNOWN_SCHEMA, id="too deep"),
        pytest.param('{"type": "record"}', Reason.WRONG_RECORD, id="no name"),
        pytest.param('{"type": "record", "name": "Payment", "fields": []}', Reason.WRONG_RECORD, id="another's"),
        pytest.param('{"type": "record", "name": "StateEntry"}', Reason.UNKNOWN_SCHEMA, id="no fields"),
        pytest.param(
            '{"type": "record", "name": "StateEntry", "namespace": "fixgate", '
            '"fields": [{"name": "value", "type": "bytes"}]}',
            Reason.UNKNOWN_SCHEMA,
            id="a field short",
        ),
    ],
)
def test_an_id_that_does_not_fit_is_poison(filled: Server, text: str | None, reason: Reason) -> None:
    """Whoever registered it."""
    if text is not None:
        filled.schemas[9999] = text
    codec = codec_for(filled)
    with pytest.raises(Poison) as caught:
        codec.decode(b"\0\0\0\x27\x0f" + codec.encode(ENTRY)[5:], StateEntry)
    assert caught.value.reason is reason


def test_the_fixed_ids_mean_nothing_with_a_registry(filled: Server) -> None:
    """One source of ids at a time: two would disagree some day."""
    with pytest.raises(Poison) as caught:
        codec_for(filled).decode(Codec().encode(ENTRY), StateEntry)
    assert caught.value.reason is Reason.UNKNOWN_SCHEMA


def test_an_incompatible_registration_is_told(server: Server) -> None:
    """The registry itself was asked to refuse."""
    server.instead = lambda path: (409, b"{}") if path.endswith("/versions") else None
    with pytest.raises(Misconfigured, match=r"finds the schema of fixgate\.Approval incompatible"):
        register_all(Registry(server.address), FOLDER, "fixgate.")


def test_records_carry_the_registrys_ids(filled: Server) -> None:
    """And come back without another question."""
    codec = codec_for(filled)
    known = filled.subjects["fixgate.StateEntry"][-1]
    asked = len(filled.asked)
    value = codec.encode(ENTRY)
    assert value[:5] == b"\0" + known.to_bytes(4, "big")
    assert codec.decode(value, StateEntry) == ENTRY
    assert len(filled.asked) == asked == len(RECORDS)


def test_a_newer_version_is_fetched_once(filled: Server) -> None:
    """And read without what is new in it."""
    schema = FOLDER.resolved("StateEntry")
    more = {"name": "note", "type": "string", "default": ""}
    filled.schemas[9999] = schema_text({**schema, "fields": [*schema["fields"], more]})
    codec = codec_for(filled)
    asked = len(filled.asked)
    value = b"\0\0\0\x27\x0f" + codec.encode(ENTRY)[5:] + b"\x08note"
    assert codec.decode(value, StateEntry) == codec.decode(value, StateEntry) == ENTRY
    assert filled.asked[asked:] == ["GET /schemas/ids/9999"]


def test_registering_again_changes_nothing(filled: Server) -> None:
    """The provisioner may run at every deployment; the registry is told to hold the line."""
    before = dict(filled.schemas)
    ids = register_all(Registry(filled.address), FOLDER, "fixgate.")
    assert filled.schemas == before
    assert set(ids) == {subject_of("fixgate.", record) for record in RECORDS} == set(filled.levels)
    assert set(filled.levels.values()) == {"FULL_TRANSITIVE"}


def test_user_and_password_are_sent_as_such(filled: Server) -> None:
    """Decoded from the address."""
    url = filled.address.replace("http://", "http://me:p%40ss@")
    filled.logins.clear()
    codec_from(Settings(schema_registry_url=url))
    assert filled.logins == {"Basic " + base64.b64encode(b"me:p@ss").decode()}


def test_without_an_address_the_ids_are_fixed() -> None:
    """Nothing has to be up for a record to be read."""
    value = codec_from(Settings()).encode(ENTRY)
    assert value == Codec().encode(ENTRY)


def test_the_registry_port_is_what_the_codec_takes(filled: Server) -> None:
    """Wired by hand as well."""
    codec = Codec(FOLDER, RegistryIds(Registry(filled.address), FOLDER, "fixgate."))
    assert codec.decode(codec.encode(ENTRY), StateEntry) == ENTRY
