"""Which certificates are no X.509-SVID of ours, rule by rule; then those that are."""

from base64 import b64decode
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from fixgate.errors import Poison, Reason
from fixgate.svid import CHAIN_LIMIT, validate
from fixgate.trust import TrustBundle
from tests.fixgate.certificates import (
    DOMAIN,
    GATE,
    HOUR,
    NOW,
    Issued,
    Shape,
    authority_shape,
    issue,
    leaf,
    milliseconds,
    self_signed,
    trust,
    usage,
)

ROOT = self_signed()
TRUST = trust(ROOT)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
OTHER_DOMAIN = x509.UniformResourceIdentifier("spiffe://other.internal")


def refused(header: bytes, because: str, bundle: TrustBundle = TRUST) -> None:
    """Assert that the chain is refused as a bad certificate, for this reason."""
    with pytest.raises(Poison, match=because) as error:
        validate(header, bundle)
    assert error.value.reason is Reason.BAD_CERTIFICATE


BAD_LEAVES: dict[str, tuple[Shape, str]] = {
    "two URI names": (Shape(uris=(GATE, "https://example.org")), "2 URI names"),
    "the same URI name twice": (Shape(uris=(GATE, GATE)), "2 URI names"),
    "no names at all": (Shape(uris=()), "no subject alternative name"),
    "no URI name": (
        Shape(uris=(), extra=((x509.SubjectAlternativeName([x509.DNSName("gate")]), False),)),
        "0 URI names",
    ),
    "neither subject nor critical name": (Shape(subject=""), "neither a subject"),
    "no path": (Shape(uris=(f"spiffe://{DOMAIN}",)), "no path"),
    "an authority": (Shape(constraints=x509.BasicConstraints(ca=True, path_length=None)), "authority's"),
    "may sign certificates": (Shape(key_usage=usage(certifies=True)), "may sign certificates"),
    "may sign revocation lists": (Shape(key_usage=usage(revokes=True)), "may sign certificates"),
    "no key usage": (Shape(key_usage=None), "digitalSignature"),
    "key usage not critical": (Shape(usage_critical=False), "digitalSignature"),
    "no digitalSignature": (Shape(key_usage=usage(signs=False)), "digitalSignature"),
    "server only": (Shape(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)), "extended key usage"),
    "code signing only": (Shape(purposes=(ExtendedKeyUsageOID.CODE_SIGNING,)), "extended key usage"),
    "unknown critical extension": (Shape(extra=((UNKNOWN, True),)), "critical extension"),
}


@pytest.mark.parametrize("fault", BAD_LEAVES)
def test_certificates_that_are_no_leaf_svid_are_refused(fault: str) -> None:
    """Each rule about a leaf, broken alone, is refused though a trusted authority issued it."""
    shape, because = BAD_LEAVES[fault]
    refused(leaf(ROOT, shape).header, because)


BAD_IDS = (
    "https://fixgate.internal/fixgate/gate",
    "SPIFFE://fixgate.internal/fixgate/gate",
    "spiffe://Fixgate.internal/fixgate/gate",
    "spiffe://fixgate.internal:8443/fixgate/gate",
    "spiffe://user@fixgate.internal/fixgate/gate",
    "spiffe:///fixgate/gate",
    "spiffe://fixgate.internal/fixgate/gate/",
    "spiffe://fixgate.internal//fixgate/gate",
    "spiffe://fixgate.internal/fixgate/../gate",
    "spiffe://fixgate.internal/./gate",
    "spiffe://fixgate.internal/fixgate/gate?x",
    "spiffe://fixgate.internal/fixgate/gate#x",
    "spiffe://fixgate.internal/fixgate/g%61te",
    "spiffe://fixgate.internal/fixgate/gate\n",
    "spiffe://fixgate.internal/" + "a" * 2048,
)


@pytest.mark.parametrize("spiffe_id", BAD_IDS)
def test_names_that_are_no_spiffe_id_are_refused(spiffe_id: str) -> None:
    """Nothing that only resembles a SPIFFE ID passes for one."""
    refused(leaf(ROOT, Shape(uris=(spiffe_id,))).header, "not a SPIFFE ID")


def test_an_odd_name_is_no_error_of_ours() -> None:
    """Where warnings are errors, a name that the parser warns of is refused like anything else it cannot read."""
    refused(leaf(ROOT, Shape(country="Atlantis")).header, "cannot be read: UserWarning")


def test_keys_that_records_are_not_signed_with_are_refused() -> None:
    """A leaf on another curve, or with an RSA key, is refused."""
    refused(leaf(ROOT, key=ec.generate_private_key(ec.SECP384R1())).header, "neither P-256 nor Ed25519")
    refused(leaf(ROOT, key=ec.generate_private_key(ec.SECP256K1())).header, "neither P-256 nor Ed25519")
    refused(leaf(ROOT, key=rsa.generate_private_key(65537, 2048)).header, "neither P-256 nor Ed25519")


def test_weak_authorities_are_refused() -> None:
    """An authority with a short RSA key proves nothing."""
    # 1024 bits are what is under test, in a certificate that nobody trusts.
    weak = self_signed(key=rsa.generate_private_key(65537, 1024))  # noqa: S505
    refused(leaf(weak).header, "kind or size", trust(weak))


# Made with the openssl program, since the library does not sign over SHA-1 any more: a root and two leaves for one
# key and name, which differ in the hash that the root signed over.
SHA1_ROOT = b64decode(
    "MIIBnjCCAUSgAwIBAgIUFJLH3ZQLYdtZret9zFGxRA3fXUkwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOc2hhMSBhdXRob3JpdHkwIBcNMjYxMTIx"
    "MDgzMDM2WhgPMjEyNjEwMjgwODMwMzZaMBkxFzAVBgNVBAMMDnNoYTEgYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOpTS0+z8"
    "AnhieuL9VnkDkTtA8y7KuHO3B/pUZ0nfPUw66czVPKFjrUzMPUDOwmLs/RX8+boX11+/BzsUa0mhz6NoMGYwDwYDVR0TAQH/BAUwAwEB/zAOBgNV"
    "HQ8BAf8EBAMCAgQwJAYDVR0RBB0wG4YZc3BpZmZlOi8vZml4Z2F0ZS5pbnRlcm5hbDAdBgNVHQ4EFgQUWKmkZqDA5Q1WbK5g7rHpmXvbOJMwCgYI"
    "KoZIzj0EAwIDSAAwRQIhAP0P9X6f8n24vroqUAQcPNXHafDsLFx/cvTazD77TKANAiBKJqov9YusTYNqpM0hXiuj0DzNtexCLNUNicl7CVbA2g=="
)
SHA1_LEAF = b64decode(
    "MIIBxDCCAWqgAwIBAgIUYIMbZ2LwnUwFd3H64/sFwsIa5KYwCQYHKoZIzj0EATAZMRcwFQYDVQQDDA5zaGExIGF1dGhvcml0eTAgFw0yNjExMjEw"
    "ODMwMzZaGA8yMTI2MTAyODA4MzAzNlowEzERMA8GA1UEAwwId29ya2xvYWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATBxTUeoqFQzmZuYfWF"
    "nvqYPc2IEaG43Y0vbAckYdBfymcQNMufoh3VXtvM2PzYuwkAcBAmuH6IWYkMVCqngrZoo4GUMIGRMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQD"
    "AgeAMDEGA1UdEQQqMCiGJnNwaWZmZTovL2ZpeGdhdGUuaW50ZXJuYWwvZml4Z2F0ZS9nYXRlMB0GA1UdDgQWBBTbxBZXHzkO6YumRb9d4265eIwV"
    "WjAfBgNVHSMEGDAWgBRYqaRmoMDlDVZsrmDusemZe9s4kzAJBgcqhkjOPQQBA0kAMEYCIQDHuYEWlADh7DaDIfvKdwqgddHz/vXA3OPrz68Hx1mT"
    "MAIhAMZtrJJl/+pDCo4ohXpOcXQ+tWszkudKdoiiWp2PQcZU"
)
SHA256_LEAF = b64decode(
    "MIIBxDCCAWugAwIBAgIUHDf30sI+rFwwhaxwf9JWflORjY4wCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOc2hhMSBhdXRob3JpdHkwIBcNMjYxMTIx"
    "MDgzMDM2WhgPMjEyNjEwMjgwODMwMzZaMBMxETAPBgNVBAMMCHdvcmtsb2FkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEwcU1HqKhUM5mbmH1"
    "hZ76mD3NiBGhuN2NL2wHJGHQX8pnEDTLn6Id1V7bzNj82LsJAHAQJrh+iFmJDFQqp4K2aKOBlDCBkTAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQE"
    "AwIHgDAxBgNVHREEKjAohiZzcGlmZmU6Ly9maXhnYXRlLmludGVybmFsL2ZpeGdhdGUvZ2F0ZTAdBgNVHQ4EFgQU28QWVx85DumLpkW/XeNuuXiM"
    "FVowHwYDVR0jBBgwFoAUWKmkZqDA5Q1WbK5g7rHpmXvbOJMwCgYIKoZIzj0EAwIDRwAwRAIgXfysJv2AShzEClPmxB9Z7rBSb7Sp9+2AxWHLpXf7"
    "xA0CIBVRO/iUuo0e3b2BC2zmqYaEcOqn+HnTbPYcAEpyB73H"
)


def test_certificates_signed_over_sha1_are_refused() -> None:
    """A certificate that was signed over SHA-1 counts as issued by nobody; its twin over SHA-256 is accepted."""
    bundle = TrustBundle().observe(DOMAIN, [SHA1_ROOT], 0)
    refused(SHA1_LEAF, "no authority", bundle)
    assert validate(SHA256_LEAF, bundle).signer == GATE


def test_strangers_are_refused() -> None:
    """A self-signed leaf, another authority of the same name, and an empty bundle: nothing vouches for them."""
    refused(self_signed(Shape()).header, "no authority")
    refused(leaf(self_signed()).header, "no authority")
    refused(leaf(ROOT).header, "no authority", TrustBundle())


def test_a_leaf_in_the_bundle_is_no_authority() -> None:
    """A self-signed leaf does not vouch for itself even when somebody put it into the bundle."""
    alone = self_signed(Shape())
    refused(alone.header, "no authority", trust(alone))


def test_another_trust_domain_under_the_same_authority_is_refused() -> None:
    """An authority counts for the trust domain in whose bundle it is, and for no other."""
    shared = self_signed(authority_shape(uris=()))
    foreign = leaf(shared, Shape(uris=("spiffe://other.internal/fixgate/gate",)))
    refused(foreign.header, "no authority", trust(shared))


def test_an_intermediate_of_another_trust_domain_is_refused() -> None:
    """Under a root that two domains share, one's intermediate cannot name the other's workloads."""
    theirs = issue(ROOT, authority_shape(uris=("spiffe://other.internal",), subject="theirs"), root=True)
    refused(issue(theirs).header, "another trust domain")


def test_a_workloads_name_on_an_authority_is_refused() -> None:
    """An authority's SPIFFE ID has no path."""
    odd = issue(ROOT, authority_shape(uris=(GATE,), subject="odd"), root=True)
    refused(issue(odd).header, "belongs to a workload")


def test_a_leaf_cannot_issue() -> None:
    """A workload cannot make itself an authority: what a leaf signed is refused."""
    refused(issue(leaf(ROOT)).header, "no authority")
    keyless = authority_shape(subject="keyless")
    careless = Shape(uris=(), subject="careless", constraints=keyless.constraints, purposes=())
    refused(issue(issue(ROOT, careless, root=True)).header, "may not sign certificates")


def test_path_lengths_are_kept() -> None:
    """An authority that may only issue leaves cannot have another authority under it."""
    narrow = self_signed(authority_shape(path_length=0))
    assert validate(leaf(narrow).header, trust(narrow)).signer == GATE
    middle = issue(narrow, authority_shape(subject="middle"), root=True)
    refused(issue(middle).header, "longer", trust(narrow))
    wide = self_signed(authority_shape(path_length=1))
    one = issue(wide, authority_shape(subject="one", path_length=0), root=True)
    assert validate(issue(one).header, trust(wide)).signer == GATE
    two = issue(one, authority_shape(subject="two"))
    refused(issue(two).header, "longer", trust(wide))


def test_constraints_on_authorities_that_are_not_understood_are_refused() -> None:
    """Name constraints, critical or not, and unknown critical extensions on any certificate of the path."""
    permitted = x509.NameConstraints([x509.UniformResourceIdentifier("fixgate.internal")], None)
    for extension, critical, because in (
        (permitted, True, "critical extension"),
        (permitted, False, "name constraints"),
        (UNKNOWN, True, "critical extension"),
    ):
        shape = authority_shape(subject="bound", extra=((extension, critical),))
        refused(issue(issue(ROOT, shape, root=True)).header, because)
        root = self_signed(shape)
        refused(leaf(root).header, because, trust(root))


def chain(*links: Issued) -> bytes:
    """A certificate header of these certificates, in this order."""
    return b"".join(link.der for link in links)


def test_chains_that_do_not_hang_together_are_refused() -> None:
    """A missing, swapped, repeated or superfluous intermediate is refused."""
    middle = issue(ROOT, authority_shape(subject="middle"), root=True)
    low = issue(middle, authority_shape(subject="low"))
    end = issue(low)
    refused(chain(end), "no authority")
    refused(chain(end, low), "no authority")
    refused(chain(end, middle), "not issued by the next")
    refused(chain(end, middle, low), "not issued by the next")
    refused(chain(end, low, low, middle), "not issued by the next")
    refused(chain(leaf(ROOT), middle), "not issued by the next")
    refused(chain(middle, end, low), "authority's")


def test_a_chain_without_end_is_refused() -> None:
    """More certificates than the limit are refused before any is parsed."""
    refused(leaf(ROOT).der * (CHAIN_LIMIT + 1), "more than")


GARBAGE: dict[str, Callable[[bytes], bytes]] = {
    "not DER": lambda _: b"certificate",
    "a byte too many": lambda der: der + b"\x00",
    "a byte too few": lambda der: der[:-1],
    "a length of its own": lambda der: b"\x30\x83\x00" + der[2:],
    "an indefinite length": lambda der: b"\x30\x80" + der[4:] + b"\x00\x00",
    "an empty sequence": lambda _: b"\x30\x82\x01\x00" + bytes(256),
    "PEM": lambda _: b"-----BEGIN CERTIFICATE-----",
    "an inner byte too many": lambda der: b"\x30\x82" + (len(der) - 3).to_bytes(2, "big") + der[4:] + b"\x00",
}


@pytest.mark.parametrize("fault", GARBAGE)
def test_garbage_is_refused(fault: str) -> None:
    """What is not exactly a row of DER certificates is refused."""
    refused(GARBAGE[fault](leaf(ROOT).der), "certificate")


def test_a_certificate_with_unused_signature_bits_is_refused() -> None:
    """A certificate has one encoding: unused bits in its signature, which parsers let pass, are refused."""
    while True:
        der = bytearray(leaf(ROOT).der)
        signature = leaf_signature(bytes(der))
        if not signature[-1] & 1:
            break
    der[len(der) - len(signature) - 1] = 1
    refused(bytes(der), "unused bits|cannot be read")


def leaf_signature(der: bytes) -> bytes:
    """The signature of a certificate."""
    return x509.load_der_x509_certificate(der).signature


def test_a_good_leaf_is_accepted() -> None:
    """A leaf under a known authority gives its SPIFFE ID, its key and its dates."""
    issued = leaf(ROOT)
    found = validate(issued.header, TRUST)
    assert found.signer == GATE
    assert found.public_key == issued.certificate.public_key()
    assert found.windows == ((milliseconds(NOW - HOUR), milliseconds(NOW + HOUR) + 999),)


@pytest.mark.parametrize(
    "shape",
    [
        Shape(subject="", names_critical=True),
        Shape(purposes=()),
        Shape(constraints=None),
        Shape(extra=((UNKNOWN, False),)),
    ],
    ids=["no subject", "no extended key usage", "no basic constraints", "an unknown extension that is not critical"],
)
def test_what_the_standard_leaves_open_is_accepted(shape: Shape) -> None:
    """A leaf may leave out what X509-SVID does not ask for, and have what it need not understand."""
    assert validate(leaf(ROOT, shape).header, TRUST).signer == GATE


def test_intermediates_are_accepted() -> None:
    """Up to four intermediates lead to the root; the root itself may be the last of them."""
    one = issue(ROOT, authority_shape(subject="one"), root=True)
    two = issue(one, authority_shape(subject="two"))
    assert validate(issue(two).header, TRUST).signer == GATE
    assert validate(issue(two).header + ROOT.der, TRUST).signer == GATE
    assert validate(leaf(ROOT).header + ROOT.der, TRUST).signer == GATE


def test_other_kinds_of_authorities_are_accepted() -> None:
    """An authority may have an RSA, a P-384 or an Ed25519 key."""
    for key in (
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP384R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ):
        root = self_signed(key=key)
        assert validate(leaf(root).header, trust(root)).signer == GATE


def test_a_renewed_authority_adds_a_window() -> None:
    """Two certificates of one authority's key each say when the chain held."""
    renewed = self_signed(authority_shape(end=NOW - HOUR / 2), ROOT.key)
    found = validate(leaf(ROOT).header, trust(ROOT, renewed))
    assert {end for _, end in found.windows} == {milliseconds(NOW + HOUR) + 999, milliseconds(NOW - HOUR / 2) + 999}
