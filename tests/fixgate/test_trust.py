"""How the authorities that we believe come and go."""

import pytest

from fixgate.errors import Misconfigured
from fixgate.trust import Authority, TrustBundle
from tests.fixgate.certificates import DOMAIN, self_signed

OLD, NEW = self_signed().der, self_signed().der


def test_what_is_no_certificate_is_refused() -> None:
    """A bundle cannot hold bytes that are no certificate: better no bundle than half of one."""
    with pytest.raises(Misconfigured, match=DOMAIN):
        TrustBundle().observe(DOMAIN, [b"not a certificate"], 1)


def test_rotation_keeps_the_past_with_its_end() -> None:
    """An authority that left is kept with the time of its leaving, and the first sight of each is remembered."""
    bundle = TrustBundle().observe(DOMAIN, [OLD], 1).observe(DOMAIN, [OLD, NEW], 2).observe(DOMAIN, [NEW], 3)
    assert bundle.authorities[DOMAIN] == (
        Authority(certificate=OLD, seen_ms=1, withdrawn_ms=3),
        Authority(certificate=NEW, seen_ms=2),
    )
    assert bundle.observe(DOMAIN, [NEW], 4).authorities[DOMAIN][0].withdrawn_ms == 3


def test_an_authority_that_returns_is_current_again() -> None:
    """What is in the bundle now counts now."""
    bundle = TrustBundle().observe(DOMAIN, [OLD], 1).observe(DOMAIN, [NEW], 2).observe(DOMAIN, [OLD, NEW], 3)
    assert all(authority.withdrawn_ms is None for authority in bundle.authorities[DOMAIN])


def test_domains_do_not_touch_each_other() -> None:
    """Seeing one domain's authorities says nothing about another's."""
    bundle = TrustBundle().observe(DOMAIN, [OLD], 1).observe("other", [NEW], 2)
    assert bundle.authorities[DOMAIN] == (Authority(certificate=OLD, seen_ms=1),)


def test_what_was_known_at_a_time_leaves_out_what_came_later() -> None:
    """The bundle of an earlier moment has the authorities that had been seen by then."""
    bundle = TrustBundle().observe(DOMAIN, [OLD], 1).observe(DOMAIN, [OLD, NEW], 3)
    assert [a.certificate for a in bundle.known_by(2).authorities[DOMAIN]] == [OLD]
    assert bundle.known_by(3) == bundle


def test_nothing_new_is_the_same_bundle() -> None:
    """An update that changes nothing returns the same object, so that nothing remembered is thrown away."""
    bundle = TrustBundle().observe(DOMAIN, [OLD], 1)
    assert bundle.observe(DOMAIN, [OLD, OLD], 2) is bundle


FAULTY = (
    b"",
    b"null",
    b"[]",
    b'{"version": 2, "authorities": {}}',
    b'{"version": 1, "authorities": {}, "more": 1}',
    b'{"version": 1, "authorities": {"d": [{"certificate": "", "seen_ms": 1, "withdrawn_ms": null}]}}',
    b'{"version": 1, "authorities": {"d": [{"certificate": "!", "seen_ms": "1", "withdrawn_ms": null}]}}',
)


@pytest.mark.parametrize("data", FAULTY)
def test_a_file_that_is_no_bundle_is_refused(data: bytes) -> None:
    """Nothing is read out of a file that is not exactly a bundle."""
    with pytest.raises(Misconfigured):
        TrustBundle.load(data)


def test_a_bundle_survives_being_written() -> None:
    """What was dumped is loaded as the same bundle, the past included."""
    bundle = TrustBundle().observe(DOMAIN, [OLD], 1).observe(DOMAIN, [NEW], 2)
    assert TrustBundle.load(bundle.dump()) == bundle
