"""What looks like a secret does not get into a log line or a span."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.telemetry.redaction import MASK, MAX_TEXT, SHAPES, clean, redact

# Put together at run time, so that no scanner takes this file for a leak.
KEY_BLOCK = "-----BEGIN " + "EC PRIVATE KEY-----\nMHcCAQEEIA" + "x" * 40 + "\n-----END " + "EC PRIVATE KEY-----"
SECRETS = {
    "jwt": "eyJ" + "hbGciOiJFUzI1NiJ9." + "eyJzdWIiOiJzcGlmZmU6Ly8ifQ." + "c2lnbmF0dXJl",
    "unsigned jwt": "eyJ" + "hbGciOiJub25lIn0." + "eyJzdWIiOiJhIn0.",
    "aws key": "AKIA" + "IOSFODNN7EXAMPLE",
    "aws session key": "ASIA" + "IOSFODNN7EXAMPLE",
    "private key": KEY_BLOCK,
    "cut private key": KEY_BLOCK[:60],
    "github": "ghp_" + "a1B2" * 9,
    "github fine": "github_pat_" + "a1B2" * 9,
    "gitlab": "glpat-" + "a1B2" * 5,
    "slack": "xoxb-" + "123456789012-abcdef",
    "stripe": "sk_live_" + "a1B2" * 6,
    "google": "AIza" + "a1B2" * 9,
    "npm": "npm_" + "a1B2" * 9,
    "pypi": "pypi-" + "a1B2" * 9,
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ["{}", "before {} after", 'x="{}"', "({})", "a,{},b"])
def test_a_secret_is_masked_wherever_it_stands(name: str, around: str) -> None:
    """No part of a secret's body survives, whatever stands around it."""
    text = redact(around.format(SECRETS[name]))
    assert SECRETS[name] not in text
    assert SECRETS[name][8:24] not in text
    assert MASK in text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("connect to postgres://app:hunter22@db/x", "hunter22"),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("password=hunter22", "hunter22"),
        ('{"client_secret": "hunter22"}', "hunter22"),
        ("aws_secret_access_key = wJalrXUtnFEMI", "wJalrXUtnFEMI"),
        ("SASL_PASSWORD: 'hunter22'", "hunter22"),
    ],
)
def test_a_named_secret_is_masked_and_its_name_stays(text: str, secret: str) -> None:
    """What a name says is secret is masked; the name still tells what was there."""
    masked = redact(text)
    assert secret not in masked
    assert masked.startswith(text[:6])


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "ab" * 32,
        "spiffe://fixgate.internal/fixgate/gate",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "arn:aws:iam::123456789012:user/deploy",
        "the secret was rotated",
        "basic checks passed: none failed",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Digests, identities, trace ids and plain words are left alone."""
    assert redact(text) == text


def test_nested_values_and_names_are_cleaned() -> None:
    """Secrets inside lists and mappings, as keys and under telling names are masked; bytes are never shown."""
    jwt = SECRETS["jwt"]
    made = json.dumps(clean({"a": [{"b": (jwt,)}], jwt: 1, "access_token": "short", "raw": b"private", "n": 3}))
    assert jwt not in made
    assert "short" not in made
    assert "private" not in made
    assert '"n": 3' in made


def test_an_object_that_cannot_be_shown_does_no_harm() -> None:
    """A log call with an object whose text raises still gives a line."""

    class Broken:
        def __str__(self) -> str:
            raise RuntimeError(SECRETS["jwt"])

    assert clean(Broken()) == "(Broken that cannot be shown: RuntimeError)"


def test_what_is_too_deep_or_too_long_is_cut() -> None:
    """Neither depth nor length of what is logged is unbounded."""
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    assert "too deep" in json.dumps(clean(deep))
    assert len(redact("x" * 1_000_000)) < MAX_TEXT + 100


@pytest.mark.timeout(20)
def test_hostile_text_takes_no_time() -> None:
    """Text made to send a pattern backtracking comes back; a pattern that is not linear would not."""
    for piece in ("secret", "eyJaaaaaaaa-", "-----BEGIN PRIVATE KEY", "a:", "bearer  ", "://a:", "password["):
        assert redact(piece * (MAX_TEXT // len(piece)))


@given(st.recursive(st.none() | st.floats() | st.text() | st.binary(), st.lists, max_leaves=10))
def test_everything_becomes_json(value: object) -> None:
    """Whatever is logged, strict JSON can hold it."""
    json.dumps(clean(value), allow_nan=False)


@given(st.from_regex(SHAPES, alphabet=st.characters(max_codepoint=127)))
def test_what_is_looked_for_first_is_in_every_shape(text: str) -> None:
    """The quick look lets nothing pass that the exact one would mask."""
    assert MASK in redact(text)
