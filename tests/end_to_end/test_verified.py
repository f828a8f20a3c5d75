"""The records of all that happened: they say what the account shows, and anybody can verify them without this stack."""

import json
import threading
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from securesystemslib.dsse import Envelope
from typer.testing import CliRunner

from fixgate import svid
from fixgate.cli import app
from fixgate.events import Assessment, GrantState, Outcome, Result
from fixgate.events import Grant as GrantRecord
from fixgate.local.account import acme
from fixgate.log.keys import public_path
from fixgate.log.places import Places
from fixgate.people.places import RosterFiles
from tests.end_to_end.town import Town, arn, user


def await_automatic(town: Town) -> None:
    """Wait for the changes that need nobody."""
    for lock_key in (user(acme.LEAKED), arn(acme.STAGING), arn(acme.UNFIXABLE), f"git:{town.repository}"):
        town.outcome(lock_key)


@pytest.fixture(scope="module")
def finding(town: Town, approved: str) -> str:
    """The finding whose change a person approved, now that the credential for it is dead: its window has ended."""
    _, outcome = town.outcome(approved)

    def dead() -> bool:
        return GrantState.DEAD in [g.state for _, g in town.feed.all(GrantRecord) if g.lock_key == approved]

    town.feed.wait(dead, "the death of the credential")
    return outcome.finding_ids[0]


@pytest.fixture(scope="module")
def evidence(town: Town, finding: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that proves what became of the finding, in one file; taken when the log has it all."""
    path = tmp_path_factory.mktemp("evidence") / "evidence.json"
    wanted = {r.digest for r, o in town.feed.all(Outcome) if finding in o.finding_ids}
    wanted |= {r.digest for r, g in town.feed.all(GrantRecord) if finding in g.finding_ids}
    pause = threading.Event()
    for _ in range(240):
        told = logged(json.loads(story(town, finding)))
        if wanted <= told:
            break
        pause.wait(0.5)  # the log is files: nobody tells when they grow
    town.run("evidence", finding, "--output", str(path))
    return path


def story(town: Town, finding: str) -> str:
    """The finding's story as the log has it so far; an empty one before the log has the finding."""
    result = CliRunner().invoke(app, ["story", finding, "--json"], env=town.stack.environment("desk"))
    return result.output if result.exit_code == 0 else "[]"


def logged(chapters: list[dict[str, Any]]) -> set[str]:
    """The digests of all records in a story."""
    return {d for c in chapters for d in (c["digest"], *logged(c["followed"]))}


def elsewhere(town: Town, folder: Path, file: Path, roster: str = "") -> Any:
    """Verify an evidence file in a folder that holds nothing but the log's and the witness's public keys."""
    places = Places(town.stack.settings)
    arguments = ["verify", str(file), "--json", "--roster", roster or RosterFiles(town.stack.home.path).pin]
    for option, private in (("--key", places.log_key), ("--witness-key", places.witness_key)):
        public = folder / public_path(private).name
        public.write_bytes(public_path(private).read_bytes())
        arguments += [option, str(public)]
    return CliRunner().invoke(app, arguments, env={"FIXGATE_HOME": str(folder / "home")})


def test_evidence_in_which_one_record_is_another_does_not_verify(town: Town, evidence: Path, tmp_path: Path) -> None:
    """Whatever is changed in it is found."""
    document = json.loads(evidence.read_bytes())
    one, other, *rest = document["records"]
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps({**document, "records": [one, {**other, "value": one["value"]}, *rest]}))
    assert elsewhere(town, tmp_path, forged).exit_code == 1


def test_evidence_under_another_roster_does_not_verify(town: Town, evidence: Path, tmp_path: Path) -> None:
    """Whoever approved counts by the first roster that the verifier knows, and by no other."""
    result = elsewhere(town, tmp_path, evidence, "sha256:" + "0" * 64)
    assert result.exit_code == 1
    assert {c["step"] for c in json.loads(result.output)["checks"] if not c["passed"]} == {"people"}


def test_evidence_verifies_elsewhere_with_the_keys_alone(town: Town, evidence: Path, tmp_path: Path) -> None:
    """No broker, no archive, no authority: a file, the log's key, the witness's and the first roster's digest."""
    result = elsewhere(town, tmp_path, evidence)
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["verified"] is True
    assert {"leaf", "signature", "chain", "people", "credential", "outcome"} <= {
        check["step"] for check in said["checks"]
    }


def test_a_story_has_every_record_of_the_way(town: Town, finding: str, evidence: Path) -> None:
    """From the report on, each under what it was made from."""
    kinds: list[str] = []
    chapters = json.loads(story(town, finding))
    while chapters:
        kinds += [c["kind"] for c in chapters]
        chapters = [after for c in chapters for after in c["followed"]]
    assert set(kinds) >= {"finding", "assessment", "proposal", "decision", "approval", "intent", "grant", "outcome"}
    assert json.loads(town.run("verify", finding, "--json"))["verified"] is True


def test_every_outcome_is_an_in_toto_statement_that_others_can_verify(town: Town) -> None:
    """By the DSSE of securesystemslib and the certificate in it, which the trust domain's authority vouches for."""
    await_automatic(town)
    for _, outcome in town.feed.all(Outcome):
        document = json.loads(outcome.statement)
        (signature,) = document["signatures"]
        chain = svid.validate(b64decode(signature["cert"]), town.identity.trust())
        assert chain.signer == outcome.executor
        leaf = x509.load_der_x509_certificate(first(b64decode(signature["cert"])))
        key = leaf.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        payload = b64decode(document["payload"])
        pae = Envelope(payload, document["payloadType"], {}).pae()
        key.verify(b64decode(signature["sig"]), pae, ec.ECDSA(hashes.SHA256()))
        said = json.loads(payload)
        assert said["predicate"]["result"] == outcome.result.value
        assert said["subject"][0]["digest"]["sha256"] == outcome.proposal_digest.removeprefix("sha256:")


def first(chain: bytes) -> bytes:
    """The first certificate of a chain in DER: its length stands in its first bytes."""
    size = 4 + int.from_bytes(chain[2:4], "big")
    return x509.load_der_x509_certificate(chain[:size]).public_bytes(Encoding.DER)


def test_the_account_is_as_the_records_say(town: Town) -> None:
    """What was done is there, what was put back or refused is as it was, and nothing else has changed."""
    await_automatic(town)
    done: set[str] = set()
    for lock_key in {a.lock_key for _, a in town.feed.all(Assessment)}:
        outcomes = [o for _, o in town.outcomes(lock_key)]
        if outcomes and outcomes[-1].post_state_digest is not None:
            assert town.read(outcomes[-1].target).digest == outcomes[-1].post_state_digest, outcomes[-1]
        if outcomes and outcomes[-1].result is Result.DONE:
            done.add(lock_key)
    now = town.account.state()
    for name, before in town.before["buckets"].items():
        assert (now["buckets"][name] != before) == (arn(name) in done), name
    for name, before in town.before["users"].items():
        assert (now["users"][name] != before) == (user(name) in done), name
    assert set(now["buckets"]) == {*town.before["buckets"], *town.made}
    assert (now["refs"] != town.before["refs"]) == (f"git:{town.repository}" in done)
