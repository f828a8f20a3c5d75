"""`fixgate log …` as people and scripts use it, and a writer that is killed."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixgate.cli.log import app
from fixgate.errors import FixgateError, Misconfigured, Refused
from fixgate.log import keys
from fixgate.log.client import WitnessClient
from fixgate.log.filesystem import FolderStore
from fixgate.log.leaf import encode
from fixgate.log.note import Kind, VerifierKey
from fixgate.log.places import Places
from fixgate.log.writer import Log
from fixgate.settings import Settings, load
from fixgate.topology import LOG, PIPELINE
from tests.log.logs import digest_of, record_leaf

RUNNER = CliRunner()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A deployment with a log of 20 leaves."""
    monkeypatch.setenv("FIXGATE_HOME", str(tmp_path))
    found = Places(load())
    grow(found, 1, 20)
    return found


def grow(places: Places, first: int, count: int) -> None:
    """Publish some leaves more."""
    log = Log(FolderStore(Path(places.log)), keys.load_or_generate(places.log_key, places.origin, Kind.ED25519))
    log.append([encode(record_leaf(n)) for n in range(first, first + count)])
    log.publish()
    log.close()


def failed(*arguments: str) -> FixgateError:
    """The error that a command ends with."""
    result = RUNNER.invoke(app, arguments)
    assert isinstance(result.exception, FixgateError), result.output
    return result.exception


def test_a_log_that_does_not_verify_ends_with_1(places: Places) -> None:
    """An altered log is told about on standard output, in text and as JSON, and the exit code is 1."""
    path = Path(places.log) / "tile/entries/000.p/20"
    path.write_bytes(path.read_bytes().replace(b'"offset":7', b'"offset":8'))
    result = RUNNER.invoke(app, ["verify"])
    assert result.exit_code == 1
    assert "NOT verified" in result.output
    assert "leaf 7" in result.output
    result = RUNNER.invoke(app, ["verify", "--json"])
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["verified"] is False
    assert found["problems"][0]["fault"] == "file"


def test_there_is_no_verifying_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the log's key nothing can be verified, and the error says what to give."""
    monkeypatch.setenv("FIXGATE_HOME", str(tmp_path))
    error = failed("verify")
    assert isinstance(error, Misconfigured)
    assert "--key" in error.remedy


def test_a_bad_proof_or_none_is_an_error(places: Places, tmp_path: Path) -> None:
    """A file that is no proof is refused; a file that is not there is wrong usage."""
    del places
    file = tmp_path / "proof"
    file.write_text("{}")
    assert isinstance(failed("check-proof", str(file)), Refused)
    assert isinstance(failed("check-proof", str(tmp_path / "missing")), Misconfigured)
    assert isinstance(failed("prove", digest_of("99")), Refused)


def test_a_log_is_verified(places: Places, tmp_path: Path) -> None:
    """Verification says how much there is and whose word the time is."""
    kept = tmp_path / "kept"
    kept.write_bytes((Path(places.log) / "checkpoint").read_bytes())
    grow(places, 21, 5)
    result = RUNNER.invoke(app, ["verify", "--against", str(kept)])
    assert result.exit_code == 0, result.output
    assert "25 leaves, 25 records" in result.output
    assert "time asserted by the operator" in result.output
    found = json.loads(RUNNER.invoke(app, ["verify", places.log, "--json"]).stdout)
    assert (found["verified"], found["size"], found["time"]) == (True, 25, "time asserted by the operator")


def test_a_record_is_proved_to_somebody_without_the_log(places: Places, tmp_path: Path) -> None:
    """A proof goes into a file and is checked with the key alone."""
    file = tmp_path / "proof"
    assert RUNNER.invoke(app, ["prove", digest_of("3"), "-o", str(file)]).exit_code == 0
    public = keys.public_path(places.log_key).read_text().strip()
    result = RUNNER.invoke(app, ["check-proof", str(file), "--key", public])
    assert result.exit_code == 0, result.output
    assert digest_of("3") in result.output
    assert "time asserted by the operator" in result.output
    found = json.loads(RUNNER.invoke(app, ["check-proof", str(file), "--json"]).stdout)
    assert found["signer"] == "spiffe://fixgate.internal/fixgate/ingest"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_witness_serves_until_it_is_told_to_stop(places: Places, number: signal.Signals) -> None:
    """The witness prints its key and address, cosigns, and ends cleanly on Ctrl-C and on SIGTERM."""
    command = [sys.executable, "-c", "from fixgate.cli.log import app; app()", "witness"]
    environment = {"FIXGATE_HOME": str(places.settings.home), "PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=Path.cwd()
    ) as process:
        assert process.stdout is not None
        key = VerifierKey.load(process.stdout.readline().removeprefix("witness "))
        url = process.stdout.readline().removeprefix("listening on ").strip()
        log = Log(FolderStore(Path(places.log)), keys.load(places.log_key, places.origin, Kind.ED25519))
        log.keep_cosignatures(
            WitnessClient(url, key, keys.load_public(str(keys.public_path(places.log_key)))).cosign(
                log.latest, log.tree()
            )
        )
        log.close()
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    result = RUNNER.invoke(app, ["verify"])
    assert "time: cosigned by fixgate.internal/fixgate/witness at " in result.output


def test_the_log_follows_every_signed_topic_and_no_other() -> None:
    """What is followed is what the topology says is signed."""
    signed = {"fixgate." + topic.name for topic in PIPELINE.topics.values() if topic.signed}
    assert set(Places(Settings()).topics(PIPELINE)) == signed
    assert PIPELINE.party(LOG).path == "/fixgate/log"


WRITER = """
import sys
from pathlib import Path
from tests.log.logs import SIGNER, entries
from fixgate.log.filesystem import FolderStore
from fixgate.log.writer import Log
log = Log(FolderStore(Path(sys.argv[1])), SIGNER)
while True:
    log.append(entries(log.latest.head.size + 1, 90))
    print(log.publish().head.size, flush=True)
"""


def test_a_writer_that_is_killed_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    """Kill -9 in the midst of writing, several times over: what was said to be published is there, and verifies."""
    from fixgate.log.audit import audit  # noqa: PLC0415 - likewise
    from tests.log.logs import KEYS  # noqa: PLC0415 - the other tests of this file have keys of their own

    told = 0
    for kill in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "log")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as process:
            assert process.stdout is not None
            for _ in range(3 + kill):
                told = int(process.stdout.readline())
            process.kill()
        report = audit(FolderStore(tmp_path / "log"), KEYS)
        assert report.verified, report.problems
        assert report.records >= told
