"""The file of sources: what is refused in it, who may write it, and how commands change it."""

import contextlib
import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from fixgate.cli import app
from fixgate.errors import FixgateError, Misconfigured, Refused
from fixgate.receiving import editing
from fixgate.receiving.bodies import PORCH, ROOM
from fixgate.receiving.book import SourceBook
from fixgate.receiving.secrets import hashed, issue, load_secret, same, signed_by
from fixgate.receiving.sources import MESSAGE, SOURCES_LIMIT, STORED, GithubSource, Sources, load, parse

TOKEN = {"kind": "token", "token": hashed("t")}
SVID = {"kind": "svid", "spiffe_id": "spiffe://fixgate.internal/ci"}
QUEUE = {"kind": "sqs", "queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/findings"}
GITHUB = {"kind": "github", "secret": "gh.secret"}


def document(**sources: Any) -> bytes:
    """A file with these sources."""
    return yaml.safe_dump({"version": 1, "sources": sources}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"version: 2\n",
        b"[1]",
        b"sources: {a: {kind: pigeon}}",
        b"sources: {a: {kind: token}}",
        b"sources: [",
        b"\x00",
        b"a: &a [*a]",
        b"!!python/object/apply:os.system ['true']",
        b"extra: 1\n",
        document(Upper=TOKEN),
        document(**{"": TOKEN}),
        document(**{"a\nb": TOKEN}),
        document(**{"../a": TOKEN}),
        document(a=TOKEN | {"token": "in the clear"}),
        document(a=TOKEN | {"reports_per_minut": 1}),
        document(a=TOKEN | {"reports_per_minute": 0}),
        document(a=TOKEN | {"bytes_per_minute": -1}),
        document(a=TOKEN | {"max_bytes": STORED + 1}),
        document(a=SVID | {"max_bytes": STORED + 1}),
        document(a=TOKEN | {"header": "Authorization"}),
        document(a=TOKEN | {"header": "Content-Length"}),
        document(a=TOKEN | {"header": "a b"}),
        document(a=TOKEN | {"formats": ["../x"]}),
        document(a=TOKEN | {"repository": "two\nlines"}),
        document(a=TOKEN, b=TOKEN),
        document(a=SVID, b=SVID),
        document(a=SVID | {"spiffe_id": "https://x/y"}),
        document(a=QUEUE, b=QUEUE),
        document(a=QUEUE | {"role": "admin"}),
        document(a=QUEUE | {"formats": ["sarif", "asff"]}),
        document(a=GITHUB | {"secret": "../other.secret"}),
        document(a=GITHUB | {"secret": "/etc/passwd"}),
        document(a=GITHUB | {"secret": ""}),
        document(**{f"s{n}": TOKEN | {"token": hashed(str(n))} for n in range(SOURCES_LIMIT + 1)}),
        b"sources:\n  a: {kind: svid, spiffe_id: 'spiffe://x/1'}\n  a: {kind: svid, spiffe_id: 'spiffe://x/2'}\n",
    ],
)
def test_what_is_not_understood_is_an_error(content: bytes) -> None:
    """A misspelt limit would be none, and of two sources with one name the first would be gone."""
    with pytest.raises(Misconfigured):
        parse(content, "sources")


@pytest.mark.parametrize(("source", "most"), [(GITHUB, PORCH), (QUEUE, MESSAGE)])
def test_a_source_may_not_send_more_than_there_is_a_place_for(source: dict[str, Any], most: int) -> None:
    """Who signs waits where less fits than elsewhere, and no queue's message is as large; the error says so."""
    assert parse(document(a=source | {"max_bytes": most}), "sources").sources["a"].max_bytes == most
    with pytest.raises(Misconfigured, match=rf"max_bytes: .* {most} bytes"):
        parse(document(a=source | {"max_bytes": most + 1}), "sources")


def test_the_largest_report_leaves_room_for_ordinary_ones() -> None:
    """Two of them, beside one that is as large as any."""
    assert parse(document(a=TOKEN | {"max_bytes": STORED}), "sources").sources["a"].max_bytes == STORED
    assert STORED + 2 * MESSAGE <= ROOM


def test_an_error_quotes_nothing() -> None:
    """Somebody may have put a token where its digest belongs."""
    with pytest.raises(Misconfigured) as error:
        parse(document(a=TOKEN | {"token": "fgs_in-the-clear"}), "sources")
    assert "in-the-clear" not in str(error.value) + error.value.remedy
    assert "a.token.token" in str(error.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Without another error than the one that says so."""
    with contextlib.suppress(Misconfigured):
        parse(content, "sources")


def test_a_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """They would say who is believed."""
    path = tmp_path / "sources.yaml"
    path.write_bytes(document(a=TOKEN))
    for mode in (0o620, 0o602, 0o666):
        path.chmod(mode)
        with pytest.raises(Misconfigured, match="other users"):
            load(path)
    path.chmod(0o640)
    assert [*load(path).sources] == ["a"]


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [(b"x" * 15, 0o600, "15 bytes"), (b"x" * 32, 0o640, "open"), (b"x" * 5_000, 0o600, "bytes"), (b"", 0o600, "0")],
)
def test_a_secret_that_is_open_or_too_short_is_refused(tmp_path: Path, content: bytes, mode: int, why: str) -> None:
    """Whoever reads it signs as the sender, and a short one is guessed."""
    path = tmp_path / "gh.secret"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match=why):
        load_secret(path)


def test_a_source_whose_secret_is_missing_lets_nobody_in(tmp_path: Path) -> None:
    """Rather than being passed over."""
    path = tmp_path / "sources.yaml"
    path.write_bytes(document(a=TOKEN, gh=GITHUB))
    path.chmod(0o600)
    book = SourceBook(path)
    with pytest.raises(Misconfigured, match="secret"):
        book.current()
    (tmp_path / "gh.secret").write_bytes(b"s" * 32)
    (tmp_path / "gh.secret").chmod(0o600)
    assert book.current().secrets == {"gh": b"s" * 32}


def test_the_book_is_read_again_when_a_file_changes(tmp_path: Path) -> None:
    """The file itself, a secret beside it, and a file that goes away."""
    path = tmp_path / "sources.yaml"
    book = SourceBook(path)
    assert not book.current().sources
    first = editing.add(path, "gh", {"kind": "github"})
    assert book.current().secrets["gh"] == first.encode()
    assert book.current() is book.current()
    second = editing.renew(path, "gh")
    assert first != second
    assert book.current().secrets["gh"] == second.encode()
    path.unlink()
    assert not book.current().sources


def test_tokens_are_long_and_each_is_another() -> None:
    """256 random bits, with a beginning that scanners for leaks can know."""
    tokens = {issue() for _ in range(100)}
    assert len(tokens) == 100
    assert all(token.startswith("fgs_") and len(token) == 47 for token in tokens)


def test_a_signature_is_over_the_exact_body() -> None:
    """The example of GitHub's documentation: the secret, the payload and what it signs to."""
    secret, body = b"It's a Secret to Everybody", b"Hello, World!"
    signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signed_by(secret, body, signature)
    assert not signed_by(secret, body + b"\n", signature)
    assert not same("a", "b")


def test_a_source_cannot_be_added_twice(tmp_path: Path) -> None:
    """Its token would be over without anybody meaning it."""
    path = tmp_path / "sources.yaml"
    editing.add(path, "ci", {"kind": "token"})
    with pytest.raises(Refused, match="already"):
        editing.add(path, "ci", {"kind": "token"})
    for change in (editing.remove, editing.renew):
        with pytest.raises(Refused, match="no source"):
            change(path, "other")
    with pytest.raises(Refused, match="no source"):
        editing.limit(path, "other", {"max_bytes": 1})


def test_a_wrong_source_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """And no secret beside it."""
    path = tmp_path / "sources.yaml"
    editing.add(path, "ci", {"kind": "token"})
    before = path.read_bytes()
    for name, said in (("UP", {"kind": "token"}), ("gh", {"kind": "github", "max_bytes": 0}), ("x", {"kind": "svid"})):
        with pytest.raises(Misconfigured):
            editing.add(path, name, said)
    with pytest.raises(Misconfigured, match=str(STORED)):
        editing.limit(path, "ci", {"max_bytes": STORED + 1})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["sources.yaml"]


def test_what_is_kept_is_closed_to_others_and_no_token(tmp_path: Path) -> None:
    """Only the token's digest is on the disk; a secret that signs is in a file of its own."""
    path = tmp_path / "home" / "sources.yaml"
    token = editing.add(path, "ci", {"kind": "token"})
    secret = editing.add(path, "gh", {"kind": "github"})
    for file in (path, path.with_name("gh.secret")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in path.read_text()
    assert secret not in path.read_text()
    assert isinstance(load(path).sources["gh"], GithubSource)
    editing.remove(path, "gh")
    assert [p.name for p in path.parent.iterdir()] == ["sources.yaml"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home for the command line."""
    monkeypatch.setenv("FIXGATE_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    """What `fixgate sources …` does."""
    return CliRunner().invoke(app, ["sources", *arguments])


def test_a_command_that_cannot_be_meant_is_wrong_usage(home: Path) -> None:
    """Two ways of proving one source, and options that do not go with its kind."""
    assert run("add", "a", "--github", "--svid", "spiffe://x/y").exit_code == 2
    refused = run("add", "a", "--svid", "spiffe://x/y", "--header", "X-Key")
    assert isinstance(refused.exception, FixgateError)
    assert not (home / "sources.yaml").exists()


def test_the_token_is_shown_once(home: Path) -> None:
    """By `add` and `renew`; `list` has nothing of it, not even what is kept."""
    token = json.loads(run("add", "ci", "--json", "--repository", "https://h/r", "--format", "sarif").stdout)["secret"]
    assert hashed(token) in (home / "sources.yaml").read_text()
    renewed = run("renew", "ci").stdout.splitlines()[-1]
    assert hashed(renewed) in (home / "sources.yaml").read_text()
    assert hashed(token) not in (home / "sources.yaml").read_text()
    listed = run("list", "--json").stdout + run("list").stdout
    assert "sha256" not in listed
    assert "https://h/r" in listed
    assert run("remove", "ci").exit_code == 0
    assert json.loads(run("list", "--json").stdout) == {}


def test_a_limit_that_is_not_said_is_wrong_usage(home: Path) -> None:
    """Nothing is changed by it, and nothing by one that the source may not have."""
    run("add", "gh", "--github")
    before = (home / "sources.yaml").read_bytes()
    assert run("limit", "gh").exit_code == 2
    assert isinstance(run("limit", "gh", "--max-bytes", str(PORCH + 1)).exception, Misconfigured)
    assert isinstance(run("limit", "other", "--max-bytes", "9").exception, Refused)
    assert (home / "sources.yaml").read_bytes() == before


def test_a_source_gets_other_limits_and_keeps_its_token(home: Path) -> None:
    """Those that are not said stay as well; what a large report needs of the receiver is told."""
    run("add", "ci", "--repository", "https://h/r", "--reports-per-minute", "5")
    before = load(home / "sources.yaml").sources["ci"]
    small = run("limit", "ci", "--max-bytes", str(MESSAGE), "--bytes-per-minute", "7")
    large = run("limit", "ci", "--max-bytes", str(STORED))
    assert "FIXGATE_INTAKE_KEY" not in small.stderr
    assert "FIXGATE_INTAKE_KEY" in large.stderr
    after = load(home / "sources.yaml").sources["ci"]
    assert after == before.model_copy(update={"max_bytes": STORED, "bytes_per_minute": 7})


def test_each_kind_can_be_added(home: Path) -> None:
    """As the documents say."""
    assert "/v1/reports/gh " in run("add", "gh", "--github").stdout
    assert (
        run("add", "scan", "--svid", "spiffe://x/y", "--reports-per-minute", "5").stdout == "scan may hand in reports\n"
    )
    assert run("add", "hub", "--queue", QUEUE["queue"], "--max-bytes", "9").exit_code == 0
    assert run("add", "bus", "--header", "X-Api-Key", "--bytes-per-minute", "100").exit_code == 0
    found = load(home / "sources.yaml")
    assert isinstance(found, Sources)
    assert {name: source.kind for name, source in found.sources.items()} == {
        "gh": "github",
        "scan": "svid",
        "hub": "sqs",
        "bus": "token",
    }
    assert isinstance(run("renew", "scan").exception, Refused)


def test_a_file_that_cannot_be_read_is_no_empty_one(home: Path) -> None:
    """Otherwise `add` would write over it."""
    (home / "sources.yaml").mkdir()
    assert isinstance(run("list").exception, Misconfigured)
    assert [p.name for p in home.iterdir()] == ["sources.yaml"]
