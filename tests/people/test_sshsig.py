"""What the verifier of SSH signatures refuses; then what OpenSSH itself makes, key kind by key kind."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key
from hypothesis import given
from hypothesis import strategies as st

from fixgate.errors import Refused
from fixgate.people.keys import PublicKey, parse_key
from fixgate.people.sshsig import dearmored, signing_key, verify
from fixgate.people.wire import string
from tests.people.persons import Key, blob, keygen, to_be_signed

MESSAGE = b"what was approved"
ANN, BOB = Key.of("ann"), Key.of("bob")
GOOD = ANN.sign(MESSAGE)


def refused(signature: bytes, key: PublicKey = ANN.public, message: bytes = MESSAGE) -> str:
    """Assert that it is refused; the words."""
    with pytest.raises(Refused) as error:
        verify(signature, key.line, message)
    return error.value.message


def openssh(
    path: Path, message: bytes = MESSAGE, *, namespace: str = "fixgate", options: tuple[str, ...] = ()
) -> bytes:
    """A signature by ssh-keygen."""
    command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(path), *options]
    done = subprocess.run(command, input=message, capture_output=True, check=True)
    return dearmored(done.stdout.decode())


def mpint(value: int) -> bytes:
    """A positive number as SSH writes it."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def test_a_signature_for_another_purpose_is_refused() -> None:
    """One made for git, or for files, says nothing here; nor does one that merely claims our namespace."""
    assert "another purpose" in refused(ANN.sign(MESSAGE, namespace=b"git"))
    relabelled = ANN.private.sign(to_be_signed(MESSAGE, namespace=b"git"))
    assert "does not fit" in refused(blob(ANN.public, string(b"ssh-ed25519") + string(relabelled)))


def test_another_key_is_refused() -> None:
    """The key inside must be the one that is asked for, and must be the one that signed."""
    assert "not with" in refused(BOB.sign(MESSAGE))
    foreign = BOB.private.sign(to_be_signed(MESSAGE))
    assert "does not fit" in refused(blob(ANN.public, string(b"ssh-ed25519") + string(foreign)))


def test_altered_bytes_are_refused() -> None:
    """A bit of the message more or less."""
    assert "does not fit" in refused(GOOD, message=MESSAGE + b".")
    assert "does not fit" in refused(GOOD, message=b"")


@given(st.integers(0, len(GOOD) * 8 - 1))
def test_every_flipped_bit_is_refused(bit: int) -> None:
    """No bit of a signature is without meaning."""
    altered = bytearray(GOOD)
    altered[bit // 8] ^= 1 << bit % 8
    refused(bytes(altered))


@given(st.binary(max_size=300))
def test_whatever_bytes_are_refused_with_words(data: bytes) -> None:
    """Nothing but Refused is ever raised."""
    refused(data)
    refused(b"SSHSIG\x00\x00\x00\x01" + data)


def test_bytes_too_many_or_too_few_are_refused() -> None:
    """After the whole, after the inner signature, and at every cut."""
    assert "too many" in refused(GOOD + b"\x00")
    inner = string(b"ssh-ed25519") + string(ANN.private.sign(to_be_signed(MESSAGE)))
    assert "too many" in refused(blob(ANN.public, inner + b"\x00"))
    for end in range(len(GOOD)):
        refused(GOOD[:end])
    assert "it may have" in refused(GOOD + bytes(9000))


def test_what_the_format_leaves_open_is_refused() -> None:
    """Another version, a reserved field, another hash."""
    assert "format 2" in refused(ANN.sign(MESSAGE).replace(b"SSHSIG\x00\x00\x00\x01", b"SSHSIG\x00\x00\x00\x02", 1))
    assert "reserved" in refused(ANN.sign(MESSAGE, reserved=b"x"))
    assert "another hash" in refused(ANN.sign(MESSAGE, hashed=b"sha1"))
    verify(ANN.sign(MESSAGE, hashed=b"sha256"), ANN.public.line, MESSAGE)


def rsa_key(bits: int, exponent: int = 65537) -> tuple[rsa.RSAPrivateKey, str]:
    """An RSA key and its line."""
    private = rsa.generate_private_key(exponent, bits)
    return private, private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_rsa_must_be_large_and_hash_well() -> None:
    """2,048 bits, a small exponent, SHA-1 and SHA-256 are refused; SHA-512 with 3,072 bits is taken."""
    with pytest.raises(Refused, match="2048 bits"):
        parse_key(rsa_key(2048)[1])
    with pytest.raises(Refused, match="exponent is 3"):
        parse_key(rsa_key(3072, 3)[1])
    private, line = rsa_key(3072)
    key = parse_key(line)
    data = to_be_signed(MESSAGE)
    for algorithm, hashed in ((b"ssh-rsa", hashes.SHA1()), (b"rsa-sha2-256", hashes.SHA256())):  # noqa: S303 - refused
        raw = private.sign(data, padding.PKCS1v15(), hashed)
        assert "rsa-sha2-512" in refused(blob(key, string(algorithm) + string(raw)), key)
        assert "does not fit" in refused(blob(key, string(b"rsa-sha2-512") + string(raw)), key)
    raw = private.sign(data, padding.PKCS1v15(), hashes.SHA512())
    verify(blob(key, string(b"rsa-sha2-512") + string(raw)), line, MESSAGE)


def test_kinds_that_are_not_accepted(tmp_path: Path) -> None:
    """Certificates, other curves, no keys at all, options before a key, a kind that is not the blob's."""
    ann, authority = keygen(tmp_path, "ann"), keygen(tmp_path, "ca")
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "ann", str(ann) + ".pub"]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(Refused, match=r"ssh-ed25519-cert-v01@openssh.com are not accepted"):
        parse_key((tmp_path / "ann-cert.pub").read_text())
    with pytest.raises(Refused, match="nistp384 are not accepted"):
        parse_key((keygen(tmp_path, "p384", "-t", "ecdsa", "-b", "384").with_suffix(".pub")).read_text())
    kind, data = ANN.public.line.split()
    for line in ("", kind, f"{kind} %%%", f"ssh-rsa {data}", f"no-pty {kind} {data}", f"{kind} {data}\n{kind} {data}"):
        with pytest.raises(Refused):
            parse_key(line)
    off = string(b"ssh-ed25519") + string(bytes(31))
    with pytest.raises(Refused, match="no key at all"):
        parse_key("ssh-ed25519 " + PublicKey(kind="ssh-ed25519", blob=off).line.split()[1])
    more = PublicKey(kind=kind, blob=ANN.public.blob + b"\x00")
    with pytest.raises(Refused, match="too many"):
        parse_key(more.line)


def test_text_around_the_armour_is_refused() -> None:
    """The lines are the armour's alone."""
    for text in ("", "x", "-----BEGIN SSH SIGNATURE-----\n%%\n-----END SSH SIGNATURE-----"):
        with pytest.raises(Refused):
            dearmored(text)


@pytest.mark.parametrize("options", [("-t", "ed25519"), ("-t", "ecdsa", "-b", "256"), ("-t", "rsa", "-b", "3072")])
def test_what_openssh_signs_verifies(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Each kind of key file, with either hash; and its fingerprint is what ssh-keygen prints."""
    path = keygen(tmp_path, "key", *options)
    line = path.with_suffix(".pub").read_text()
    key = parse_key(line)
    for chosen in ("sha512", "sha256"):
        made = openssh(path, options=("-O", f"hashalg={chosen}"))
        verify(made, line, MESSAGE)
        assert signing_key(made) == key
    assert "another purpose" in refused(openssh(path, namespace="file"), key)
    told = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], capture_output=True, check=True, text=True)
    assert told.stdout.split()[1] == key.fingerprint


class Authenticator:
    """A security key as PROTOCOL.u2f describes it."""

    def __init__(self, kind: str, application: bytes = b"ssh:") -> None:
        self._application = application
        self._kind = kind.encode()
        self.private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
        if kind.startswith("sk-ssh"):
            self.private = ed25519.Ed25519PrivateKey.generate()
            parts = [self._kind, self.private.public_key().public_bytes_raw(), application]
        else:
            self.private = ec.generate_private_key(ec.SECP256R1())
            point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            parts = [self._kind, b"nistp256", point, application]
        self.key = PublicKey(kind=kind, blob=b"".join(map(string, parts)))

    def sign(self, flags: int) -> bytes:
        """A signature with these flags."""
        told = bytes([flags]) + (7).to_bytes(4, "big")
        hashed = hashlib.sha256(to_be_signed(MESSAGE)).digest()
        data = hashlib.sha256(self._application).digest() + told + hashed
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            raw = self.private.sign(data)
        else:
            raw = b"".join(map(mpint, decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))))
        return blob(self.key, string(self._kind) + string(raw) + told)


@pytest.mark.parametrize("kind", ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"])
def test_a_security_key_must_have_been_touched(kind: str) -> None:
    """Without the user's presence it is refused, also when the flag is put in later; with it, it is taken."""
    device = Authenticator(kind)
    assert "nobody touched" in refused(device.sign(0), device.key)
    assert "nobody touched" in refused(device.sign(4), device.key)
    assert "flags" in refused(device.sign(0x81), device.key)
    untouched = device.sign(0)
    assert "does not fit" in refused(untouched[:-5] + b"\x01" + untouched[-4:], device.key)
    verify(device.sign(1), device.key.line, MESSAGE)
    verify(device.sign(5), device.key.line, MESSAGE)
    with pytest.raises(Refused, match="another application"):
        parse_key(Authenticator(kind, b"https://example.org").key.line)


def test_a_number_has_one_encoding(tmp_path: Path) -> None:
    """An ECDSA signature with a leading zero more is refused, though its numbers are right."""
    path = keygen(tmp_path, "key", "-t", "ecdsa", "-b", "256")
    key = parse_key(path.with_suffix(".pub").read_text())
    private = load_ssh_private_key(path.read_bytes(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(to_be_signed(MESSAGE), ec.ECDSA(hashes.SHA256())))
    padded = string(b"\x00" + r.to_bytes(r.bit_length() // 8 + 1, "big")) + mpint(s)
    assert "written" in refused(blob(key, string(key.kind.encode()) + string(padded)), key)
