"""Signed notes, checkpoints and cosignatures against published examples, and what is refused."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixgate.errors import Misconfigured, Refused
from fixgate.log import checkpoint, keys, note
from fixgate.log.checkpoint import Checkpoint
from fixgate.log.note import Kind, NoteSigner, VerifierKey

ORIGIN = "fixgate.internal/fixgate/log"
# The example of c2sp.org/signed-note.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# The example of Go's golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def signer(name: str = ORIGIN, kind: Kind = Kind.ED25519, seed: int = 1) -> NoteSigner:
    """A key that is the same each time."""
    return NoteSigner(name, kind, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


HEAD = Checkpoint(ORIGIN, 7, bytes(range(32)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nno signature\n",
        "text\n\n— name AAAA\n".encode(),
        "text\n\n— na+me AAAAAAAA\n".encode(),
        "text\n\n— name AAAAAAAA".encode(),
        "te\x07xt\n\n— name AAAAAAAA\n".encode(),
        b"text\xff\n\n\xe2\x80\x94 name AAAAAAAA\n",
        "text\n\n— name AAAAAAA*\n".encode(),
        b"x" * (note.NOTE_LIMIT + 1),
        ("text\n\n" + "— name AAAAAAAA\n" * 65).encode(),
    ],
)
def test_what_is_no_note_is_refused(data: bytes) -> None:
    """Bytes that are not exactly a signed note are refused before anything is verified."""
    with pytest.raises(Refused):
        note.parse(data)


def test_an_altered_note_is_refused() -> None:
    """A note whose text was altered is refused even when its signature line is whole."""
    altered = note.parse(SPEC_NOTE.replace("an example", "no example").encode())
    with pytest.raises(Refused, match="does not verify"):
        note.check_signed(altered, [VerifierKey.load(SPEC_KEY)])


def test_a_note_by_unknown_keys_alone_is_refused() -> None:
    """A valid signature of a key that nobody trusts counts for nothing, and so do no keys at all."""
    parsed = note.parse(GO_NOTE.encode())
    with pytest.raises(Refused, match="none of the known keys"):
        note.check_signed(parsed, [VerifierKey.load(SPEC_KEY)])
    with pytest.raises(Refused, match="none of the known keys"):
        note.check_signed(parsed, [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+AekyeRrm",
        "na me+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    """A verifier key must be whole, carry its own id and be of a known kind."""
    with pytest.raises(Misconfigured):
        VerifierKey.load(text)


@pytest.mark.parametrize(
    "text",
    [
        "origin\n7\n",
        "origin\n07\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "origin\n-1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        f"origin\n{2**63}\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "origin\n7\nAAEC\n",
        "origin\n7\n!!\n",
        "\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "origin\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """A checkpoint's text has an origin, a size and a root, each in its one form."""
    with pytest.raises(Refused):
        checkpoint.parse_text(text)


def test_a_checkpoint_of_another_log_or_key_is_refused() -> None:
    """A checkpoint counts only under its log's origin and its log's key."""
    data = checkpoint.sign(HEAD, signer()).note.dump()
    with pytest.raises(Refused, match="not 'other"):
        checkpoint.open_checkpoint(data, "other", [signer().verifier])
    with pytest.raises(Refused, match="none of the known keys"):
        checkpoint.open_checkpoint(data, ORIGIN, [signer(seed=2).verifier])


def test_a_cosignature_with_another_time_is_refused() -> None:
    """A witness's time is part of what it signed, and a line that claims a known witness must verify."""
    witness = signer("witness", Kind.COSIGNATURE, 3)
    line = checkpoint.cosign(HEAD.text(), 1_700_000_000, witness)
    earlier = (1_600_000_000).to_bytes(8, "big") + line.signature[8:]
    forged = note.NoteSignature(line.name, line.key_id, earlier)
    for bad in (forged, note.NoteSignature(line.name, line.key_id, line.signature[:-1])):
        signed = checkpoint.sign(HEAD, signer()).with_signatures([bad])
        with pytest.raises(Refused):
            signed.cosignatures([witness.verifier])
    timeless = checkpoint.cosign(HEAD.text(), 0, witness)
    with pytest.raises(Refused, match="no possible time"):
        checkpoint.check_cosignature(HEAD.text(), timeless, witness.verifier)


def test_a_log_key_is_no_witness() -> None:
    """The log's own key cannot pass for a witness: the kinds of signature differ."""
    signed = checkpoint.sign(HEAD, signer())
    assert signed.cosignatures([signer().verifier]) == ()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A private key whose file is open to other users is not used."""
    path = tmp_path / "log"
    keys.load_or_generate(path, ORIGIN, Kind.ED25519)
    path.chmod(0o640)
    with pytest.raises(Misconfigured, match="read by others"):
        keys.load(path, ORIGIN, Kind.ED25519)


def test_a_key_of_another_name_or_use_is_refused(tmp_path: Path) -> None:
    """A key belongs to one name and one use."""
    path = tmp_path / "log"
    keys.load_or_generate(path, ORIGIN, Kind.ED25519)
    with pytest.raises(Misconfigured, match="not one of"):
        keys.load(path, "another", Kind.ED25519)
    with pytest.raises(Misconfigured, match="not one of"):
        keys.load(path, ORIGIN, Kind.COSIGNATURE)


def test_a_damaged_or_missing_key_is_refused(tmp_path: Path) -> None:
    """What is no key is an error that names the file."""
    path = tmp_path / "log"
    with pytest.raises(Misconfigured, match="cannot be read"):
        keys.load(path, ORIGIN, Kind.ED25519)
    path.write_text("PRIVATE+KEY+nothing\n")
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="no private key"):
        keys.load(path, ORIGIN, Kind.ED25519)


@pytest.mark.parametrize(("text", "key"), [(SPEC_NOTE, SPEC_KEY), (GO_NOTE, GO_KEY)])
def test_published_examples_verify(text: str, key: str) -> None:
    """The examples of the specification and of Go's implementation verify and keep their bytes."""
    parsed = note.parse(text.encode())
    note.check_signed(parsed, [VerifierKey.load(key)])
    assert parsed.dump().decode() == text
    assert VerifierKey.load(key).dump() == key


def test_a_checkpoint_with_cosignatures_says_when() -> None:
    """Known witnesses are read with their times, earliest first; unknown ones are carried along."""
    early, late = signer("w/early", Kind.COSIGNATURE, 4), signer("w/late", Kind.COSIGNATURE, 5)
    lines = [checkpoint.cosign(HEAD.text(), 20, late), checkpoint.cosign(HEAD.text(), 10, early)]
    data = checkpoint.sign(HEAD, signer()).with_signatures(lines).note.dump()
    signed = checkpoint.open_checkpoint(data, ORIGIN, [signer().verifier])
    assert [(c.witness, c.time) for c in signed.cosignatures([early.verifier, late.verifier])] == [
        ("w/early", 10),
        ("w/late", 20),
    ]
    assert [c.witness for c in signed.cosignatures([late.verifier])] == ["w/late"]
    assert signed.head == HEAD


def test_extension_lines_are_read_over_and_kept() -> None:
    """A checkpoint with extension lines is the same head, and its note text keeps them."""
    assert checkpoint.parse_text(HEAD.text() + "extension\n") == HEAD


def test_a_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    """A key is generated into a file of mode 0600 with its verifier key beside it, and found again."""
    path = tmp_path / "keys" / "log"
    first = keys.load_or_generate(path, ORIGIN, Kind.ED25519).verifier
    assert keys.load_or_generate(path, ORIGIN, Kind.ED25519).verifier == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.load_public(str(keys.public_path(path))) == first
    assert keys.load_public(first.dump()) == first
