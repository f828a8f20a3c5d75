"""`fixgate story`, `verify` and `evidence` on a log in a folder, as people run them; no broker is up."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from fixgate.cli import app
from fixgate.errors import EXIT_REFUSED, EXIT_UNABLE, EXIT_USAGE, FixgateError
from fixgate.log.note import Kind, NoteSigner
from fixgate.objects import FileStore
from fixgate.signing import digest
from tests.log.logs import SIGNER, WITNESS
from tests.provenance.book import Book
from tests.provenance.telling import tell
from tests.samples import finding

RUNNER = CliRunner()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A deployment with one change, its log and its keys in its home."""
    book = Book(tmp_path / "world")
    told = tell(book)
    book.record(finding(finding_id="finding-12"))
    book.checkpoint()
    made = tmp_path / "home"
    for path, data in book.store.files.items():
        target = made / "log" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    objects = FileStore(made / "objects")
    for value in book.objects.files.values():
        objects.put(value)
    (made / "keys").mkdir()
    (made / "keys" / "log.key.pub").write_text(SIGNER.verifier.dump())
    (made / "keys" / "witness.key.pub").write_text(WITNESS.verifier.dump())
    (made / "dead").write_text(digest(told["dead"].value))
    monkeypatch.setenv("FIXGATE_HOME", str(made))
    monkeypatch.setenv("FIXGATE_ROSTER", book.first_roster)
    with book.world:
        yield made
    book.log.close()


def run(*arguments: str) -> tuple[int, Result]:
    """A command's exit code, as its process would have it, and what it printed."""
    result = RUNNER.invoke(app, arguments)
    failed = isinstance(result.exception, FixgateError)
    assert failed or result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return (result.exception.exit_code if isinstance(result.exception, FixgateError) else result.exit_code), result


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "nothing-like-it"), EXIT_REFUSED),
        (("verify", "find"), EXIT_REFUSED),
        (("verify", "roster-1"), EXIT_REFUSED),
        (("verify", "there/is/none.json"), EXIT_USAGE),
        (("verify",), EXIT_USAGE),
        (("verify", "finding-1", "--key", "nonsense"), EXIT_USAGE),
        (("verify", "finding-1", "--roster", "sha256:" + "0" * 64), EXIT_REFUSED),
        (("evidence", "finding-1", "-o", "/nowhere/at/all.json"), EXIT_UNABLE),
        (("story", "nothing-like-it"), EXIT_REFUSED),
    ],
)
def test_what_cannot_be_done(home: Path, arguments: tuple[str, ...], code: int) -> None:
    """Each kind of failure has its exit code."""
    assert home.is_dir()
    assert run(*arguments)[0] == code


def test_files_that_are_no_evidence(home: Path) -> None:
    """Nothing is believed, and nothing crashes."""
    for number, data in enumerate((b"", b"[" * 20_000, b"\x00" * 100, b"{}")):
        file = home / f"{number}.json"
        file.write_bytes(data)
        code, result = run("verify", str(file))
        assert code == EXIT_REFUSED
        assert "this is no evidence file" in str(result.exception)


def test_a_file_too_large_is_not_read(home: Path) -> None:
    """A sparse file of a terabyte is refused at once."""
    file = home / "huge.json"
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    assert run("verify", str(file))[0] == EXIT_REFUSED


def test_a_record_that_is_gone_fails_the_finding(home: Path) -> None:
    """Whatever the log names and nobody can read may be about the finding."""
    name = (home / "dead").read_text().removeprefix("sha256:")
    (home / "objects" / name[:2] / name[2:]).unlink()
    code, result = run("verify", "finding-1")
    assert code == EXIT_REFUSED
    assert "archive" in result.output
    assert "NOT verified" in result.output.splitlines()[-1]
    code, result = run("story", "finding-1")
    assert code == 0
    assert "1 records of the log cannot be read" in result.output


def test_a_witness_that_saw_nothing(home: Path) -> None:
    """Who trusts another witness is refused, unless the operator's time will do."""
    other = NoteSigner("other.test/two", Kind.COSIGNATURE, Ed25519PrivateKey.from_private_bytes(b"O" * 32))
    stranger = ("verify", "finding-1", "--witness-key", other.verifier.dump())
    assert run(*stranger)[0] == EXIT_REFUSED
    assert run(*stranger, "--operator-time")[0] == 0
    (home / "keys" / "witness.key.pub").unlink()
    code, result = run("verify", "finding-1")
    assert code == 0
    assert result.output.splitlines()[-1].endswith("time asserted by the operator for 12 of them")


def test_a_finding_is_verified_here_and_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its id, and from its file in an empty home with the keys alone."""
    code, result = run("verify", "finding-1")
    assert code == 0
    assert result.output.splitlines()[-1].startswith("verified: 12 records (1 done); time by the witness")
    assert run("evidence", "grant-1", "-o", str(home / "evidence.json"))[0] == 0
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("FIXGATE_HOME", str(elsewhere))
    keys = ("--key", SIGNER.verifier.dump(), "--witness-key", WITNESS.verifier.dump())
    code, result = run("verify", str(home / "evidence.json"), *keys, "--json")
    assert code == 0
    told = json.loads(result.stdout)
    assert (told["verified"], told["time"], told["ended"]) == (True, "witness", {"done": 1})
    assert run("verify", str(home / "evidence.json"))[0] == EXIT_USAGE
    assert "ok     leaf" in run("verify", str(home / "evidence.json"), *keys, "-v")[1].output


def test_a_story_is_told(home: Path) -> None:
    """As lines, and as JSON."""
    assert home.is_dir()
    code, result = run("story", "outcome-1")
    assert code == 0
    assert "outcome outcome-1: done" in result.output
    assert json.loads(run("story", "outcome-1", "--json")[1].stdout)[0]["kind"] == "finding"
