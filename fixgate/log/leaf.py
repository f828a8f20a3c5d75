"""What the leaves of the log say, and their one encoding.

A leaf is a JSON object in UTF-8 without white space, its members in the order of the class below, nothing escaped that
need not be: whoever has the log can read it with `jq`. Bytes are a leaf only if decoding and encoding them
gives the same bytes again, so there is one encoding of each leaf. (Avro would be a third shorter, but nobody could
read the log without our schemas.)

`record`  a record as it stood in a signed topic, verified or with the reason why not. `digest` names its exact value
          bytes. The signature is here whole, so that it existed before the log's time; the certificate chain by its
          SHA-256. A signature longer than any we know is given by its SHA-256 too.
`bundle`  the X.509 authorities of a trust domain, as a whole, each time that they changed.
`lost`    offsets that the broker had forgotten before the log could read them.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final, get_args, get_type_hints

import orjson

from fixgate.errors import Poison, Reason, Refused
from fixgate.log.tiles import ENTRY_LIMIT
from fixgate.signing import digest

VERIFIED: Final = "verified"
SIGNATURE_LIMIT: Final = 128
"""Bytes of a signature that a leaf holds itself."""
TEXT_LIMIT: Final = 2048
"""Characters of a text that others chose: a SPIFFE ID has at most 2,048 (SPIFFE-ID §2.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLeaf:
    """See the module. `verdict` is "verified" or a word of `errors.Reason`; what a refused record claims is a claim.

    `incarnation` is what the offset means something in (`broker.Broker.incarnation`). `digest` is None for a record
    without a value. Times are milliseconds since 1970.
    """

    topic: str
    incarnation: str
    partition: int
    offset: int
    appended_ms: int | None
    digest: str | None
    stream: str
    sequence: int
    signer: str
    signature: str | None
    certificate: str | None
    verdict: str

    @property
    def verified(self) -> bool:
        """Whether the record was what a reader accepts."""
        return self.verdict == VERIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleLeaf:
    """The authorities (DER, in base64, sorted) of a trust domain from `seen_ms` on."""

    trust_domain: str
    authorities: tuple[str, ...]
    seen_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LostLeaf:
    """The offsets from `first` up to, and without, `end` were gone when the log came to read them."""

    topic: str
    incarnation: str
    partition: int
    first: int
    end: int
    seen_ms: int


Leaf = RecordLeaf | BundleLeaf | LostLeaf
_KINDS: Final[dict[str, type[Leaf]]] = {"record": RecordLeaf, "bundle": BundleLeaf, "lost": LostLeaf}
_NAMES: Final = {cls: kind for kind, cls in _KINDS.items()}


def encode(leaf: Leaf) -> bytes:
    """The leaf's bytes; raises Poison OVERSIZED when they are more than a log's entry can hold."""
    data = _dump(leaf)
    if len(data) > ENTRY_LIMIT:
        raise Poison(Reason.OVERSIZED, f"a {_NAMES[type(leaf)]} leaf would have {len(data)} bytes, over {ENTRY_LIMIT}")
    return data


def decode(data: bytes) -> Leaf:
    """The leaf in an entry of the log; raises Refused when it is none, or not encoded as it must be."""
    try:
        fields: Any = orjson.loads(data)
        kind = _KINDS[fields.pop("kind")]
        if "authorities" in fields:
            fields["authorities"] = tuple(fields["authorities"])
        leaf = kind(**fields)
        exact = _typed(leaf) and _dump(leaf) == data
    except (ValueError, KeyError, TypeError, AttributeError):
        exact, leaf = False, None
    if leaf is None or not exact:
        raise Refused("an entry of the log is not a leaf in its one encoding")
    return leaf


def signature_field(signature: bytes | None) -> str | None:
    """A signature as a leaf holds it."""
    if signature is None:
        return None
    return base64.b64encode(signature).decode() if len(signature) <= SIGNATURE_LIMIT else digest(signature)


def authority_field(certificate: bytes) -> str:
    """An authority's certificate (DER) as a leaf holds it."""
    return base64.b64encode(certificate).decode()


def authorities_of(leaf: BundleLeaf) -> tuple[bytes, ...]:
    """The authorities' DER; raises Refused when one is no base64."""
    try:
        return tuple(base64.b64decode(a, validate=True) for a in leaf.authorities)
    except binascii.Error:
        raise Refused("a bundle leaf holds something that is no certificate") from None


def _dump(leaf: Leaf) -> bytes:
    return b'{"kind":"%b",%b' % (_NAMES[type(leaf)].encode(), orjson.dumps(leaf)[1:])


_ALLOWED: Final[dict[type[Leaf], dict[str, tuple[type, ...]]]] = {
    cls: {name: get_args(hint) or (hint,) for name, hint in get_type_hints(cls).items() if name != "authorities"}
    for cls in _KINDS.values()
}


def _typed(leaf: Leaf) -> bool:
    # type() and not isinstance(): true is an int to Python, and not to us.
    named = all(type(getattr(leaf, name)) in kinds for name, kinds in _ALLOWED[type(leaf)].items())
    return named and (not isinstance(leaf, BundleLeaf) or all(type(a) is str for a in leaf.authorities))
