"""What does not open, and what does."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.errors import Misconfigured, Refused
from fixgate.sealing import OVERHEAD, Seal, Unseal, generate, load_seal, load_unseal

KEY = X25519PrivateKey.generate()
SEAL, UNSEAL = Seal(KEY.public_key()), Unseal([KEY])
CONTEXT = b"ingest.rejected"
SEALED = SEAL.seal(b"a report with a secret", CONTEXT)


def test_another_key_does_not_open() -> None:
    """Without the private key a value stays closed, and the error names the key that opens it."""
    with pytest.raises(Refused, match=SEAL.key_id) as error:
        Unseal([X25519PrivateKey.generate()]).open(SEALED, CONTEXT)
    assert error.value.remedy


def test_another_context_does_not_open() -> None:
    """A value moved to another place does not open there."""
    for context in (b"", b"ingest.rejecte", b"gate.rejected"):
        with pytest.raises(Refused):
            UNSEAL.open(SEALED, context)


def test_a_value_cannot_be_given_to_another_key() -> None:
    """A value with the key id of another key exchanged for its own does not open under that key."""
    other = X25519PrivateKey.generate()
    forged = SEALED[:7] + bytes.fromhex(Seal(other.public_key()).key_id) + SEALED[15:]
    with pytest.raises(Refused):
        Unseal([KEY, other]).open(forged, CONTEXT)


@settings(deadline=None)
@given(st.integers(0, len(SEALED) * 8 - 1))
def test_no_flipped_bit_opens(bit: int) -> None:
    """Whichever bit is flipped, the value does not open."""
    altered = bytearray(SEALED)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Refused):
        UNSEAL.open(bytes(altered), CONTEXT)


@settings(deadline=None)
@given(st.integers(0, len(SEALED) - 1), st.binary(min_size=1, max_size=20))
def test_what_was_cut_or_extended_does_not_open(size: int, more: bytes) -> None:
    """A part of a value, or a value with more behind it, does not open."""
    for altered in (SEALED[:size], SEALED + more, SEALED[:size] + bytes(OVERHEAD)):
        with pytest.raises(Refused):
            UNSEAL.open(altered, CONTEXT)


def test_a_degenerate_encapsulated_key_does_not_open() -> None:
    """A point of low order, for which everybody knows the shared secret, is refused."""
    with pytest.raises(Refused):
        UNSEAL.open(SEALED[:15] + bytes(32) + SEALED[47:], CONTEXT)


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    """Making a key where there is one is refused: what it had sealed would be lost."""
    generate(tmp_path, "reports")
    before = (tmp_path / "reports.key").read_bytes()
    with pytest.raises(Misconfigured, match="exists already"):
        generate(tmp_path, "reports")
    assert (tmp_path / "reports.key").read_bytes() == before


def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A private key open to other users is not used, and the error says how to close it."""
    generate(tmp_path, "reports")
    path = tmp_path / "reports.key"
    path.chmod(0o640)
    with pytest.raises(Misconfigured, match="other users") as error:
        load_unseal(path)
    assert "chmod 600" in error.value.remedy


def test_files_that_are_no_key_are_refused(tmp_path: Path) -> None:
    """Missing files, garbage, encrypted keys, keys of another kind, and one half in the other's place."""
    generate(tmp_path, "reports")
    wrong = ed25519.Ed25519PrivateKey.generate()
    contents = {
        "garbage": b"secret garbage",
        "encrypted": KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")),
        "ed25519": wrong.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "ed25519.pub": wrong.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    for name in (*contents, "missing", "reports.pub"):
        with pytest.raises(Misconfigured, match=name) as error:
            load_unseal(tmp_path / name)
        assert "secret" not in str(error.value)
    for name in (*contents, "missing", "reports.key"):
        with pytest.raises(Misconfigured, match=name):
            load_seal(tmp_path / name)


def test_a_key_pair_in_files_seals_and_opens(tmp_path: Path) -> None:
    """What is sealed with the public file opens with the private one; neither file is anybody else's to read."""
    made = generate(tmp_path, "reports")
    seal, unseal = load_seal(tmp_path / "reports.pub"), load_unseal(tmp_path / "reports.key")
    assert seal.key_id == made.key_id
    assert unseal.open(seal.seal(b"value", CONTEXT), CONTEXT) == b"value"
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_old_keys_go_on_opening(tmp_path: Path) -> None:
    """After a rotation both keys' values open."""
    old, new = generate(tmp_path, "old"), generate(tmp_path, "new")
    both = load_unseal(tmp_path / "old.key", tmp_path / "new.key")
    assert both.open(old.seal(b"1", CONTEXT), CONTEXT) == b"1"
    assert both.open(new.seal(b"2", CONTEXT), CONTEXT) == b"2"


@settings(deadline=None)
@given(st.binary(max_size=5000), st.binary(max_size=200))
def test_everything_opens_again(value: bytes, context: bytes) -> None:
    """Any bytes in any context open as they were, `OVERHEAD` bytes longer meanwhile, and never sealed alike twice."""
    sealed = SEAL.seal(value, context)
    assert UNSEAL.open(sealed, context) == value
    assert len(sealed) == len(value) + OVERHEAD
    assert SEAL.seal(value, context) != sealed


def test_another_implementation_opens_it() -> None:
    """The scheme is RFC 9180's: its key schedule, written out here from the standard, opens a value."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    head, encapsulated, ciphertext = SEALED[:15], SEALED[15:47], SEALED[47:]
    shared = KEY.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    # §4.1 ExtractAndExpand
    eae = extract(kem, b"", b"eae_prk", shared)
    secret = expand(kem, eae, b"shared_secret", encapsulated + KEY.public_key().public_bytes_raw(), 32)
    # §5.1 KeySchedule, mode_base
    info = b"fixgate seal" + head[6:] + CONTEXT
    schedule = b"\x00" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    prk = extract(suite, secret, b"secret", b"")
    key, nonce = expand(suite, prk, b"key", schedule, 32), expand(suite, prk, b"base_nonce", schedule, 12)
    assert AESGCM(key).decrypt(nonce, ciphertext, b"") == b"a report with a secret"


def extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """LabeledExtract of RFC 9180 §4."""
    return sha256_hmac(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)


def expand(suite: bytes, prk: bytes, label: bytes, info: bytes, size: int) -> bytes:
    """LabeledExpand of RFC 9180 §4, for sizes of one block at most."""
    return sha256_hmac(prk, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\x01")[:size]


def sha256_hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256."""
    mac = hmac.HMAC(key, hashes.SHA256())
    mac.update(message)
    return mac.finalize()
