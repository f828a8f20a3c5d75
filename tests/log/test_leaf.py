"""Leaves have one encoding, and everything else is no leaf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.errors import Poison, Refused
from fixgate.log.leaf import (
    BundleLeaf,
    Leaf,
    LostLeaf,
    RecordLeaf,
    authorities_of,
    authority_field,
    decode,
    encode,
    signature_field,
)
from tests.log.logs import record_leaf

WHOLE = encode(record_leaf(7))
TEXT = st.text(max_size=20)
NUMBER = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        WHOLE + b" ",
        WHOLE.replace(b'"kind":"record"', b'"kind":"other"'),
        WHOLE.replace(b'"kind":"record",', b""),
        WHOLE.replace(b'"sequence":7', b'"sequence":7.0'),
        WHOLE.replace(b'"sequence":7', b'"sequence":true'),
        WHOLE.replace(b'"sequence":7', b'"sequence":"7"'),
        WHOLE.replace(b'"sequence":7', b'"sequence":7,"sequence":7'),
        WHOLE.replace(b'"sequence":7', b'"sequence":7,"more":1'),
        WHOLE.replace(b'"stream":"ingest/0"', b'"stream":"ingest\\/0"'),
        WHOLE.replace(b'"stream":"ingest/0"', b'"stream":null'),
        WHOLE.replace(b"{", b"{ ", 1),
        b'{"kind":"bundle","trust_domain":"a","authorities":"AAAA","seen_ms":1}',
        b'{"kind":"bundle","trust_domain":"a","authorities":[1],"seen_ms":1}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_leaf_is_refused(data: bytes) -> None:
    """Another type, another order, one member more or another escape: no leaf."""
    with pytest.raises(Refused):
        decode(data)


def test_a_leaf_too_long_for_the_log_is_refused() -> None:
    """A leaf must fit into an entry."""
    with pytest.raises(Poison, match="over 65535"):
        encode(BundleLeaf(trust_domain="a", authorities=("A" * 65_536,), seen_ms=1))


def test_a_bundle_that_holds_no_base64_is_refused() -> None:
    """Authorities are read only from what is one."""
    with pytest.raises(Refused):
        authorities_of(BundleLeaf(trust_domain="a", authorities=("*",), seen_ms=1))


LEAVES: st.SearchStrategy[Leaf] = st.one_of(
    st.builds(
        RecordLeaf,
        topic=TEXT,
        incarnation=TEXT,
        partition=NUMBER,
        offset=NUMBER,
        appended_ms=st.none() | NUMBER,
        digest=st.none() | TEXT,
        stream=TEXT,
        sequence=NUMBER,
        signer=TEXT,
        signature=st.none() | TEXT,
        certificate=st.none() | TEXT,
        verdict=TEXT,
    ),
    st.builds(BundleLeaf, trust_domain=TEXT, authorities=st.lists(TEXT, max_size=3).map(tuple), seen_ms=NUMBER),
    st.builds(LostLeaf, topic=TEXT, incarnation=TEXT, partition=NUMBER, first=NUMBER, end=NUMBER, seen_ms=NUMBER),
)


@given(LEAVES)
def test_a_leaf_is_read_as_it_was_written(leaf: Leaf) -> None:
    """Encoding and decoding give the same leaf, and the same bytes each time."""
    assert decode(encode(leaf)) == leaf
    assert encode(decode(encode(leaf))) == encode(leaf)


def test_the_encoding_is_fixed() -> None:
    """These bytes stand in logs: a change of them is a new kind of leaf."""
    leaf = LostLeaf(topic="t", incarnation="i", partition=1, first=2, end=3, seen_ms=4)
    assert encode(leaf) == (
        b'{"kind":"lost","topic":"t","incarnation":"i","partition":1,"first":2,"end":3,"seen_ms":4}'
    )
    assert WHOLE.startswith(b'{"kind":"record","topic":"fixgate.findings","incarnation":"cluster/topic","partition":0')


def test_a_signature_stands_in_the_leaf_or_by_its_digest() -> None:
    """A signature of a usual size is there whole, another by its SHA-256."""
    assert signature_field(None) is None
    assert signature_field(b"abc") == "YWJj"
    assert (signature_field(bytes(129)) or "").startswith("sha256:")


def test_authorities_are_kept_whole() -> None:
    """An authority's bytes are those that were put in."""
    leaf = BundleLeaf(trust_domain="a", authorities=(authority_field(b"one"), authority_field(b"two")), seen_ms=1)
    assert authorities_of(leaf) == (b"one", b"two")
