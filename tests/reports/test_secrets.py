"""No secret of a report is in a finding: neither where it was found nor anywhere else in the report."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from fixgate.errors import Misconfigured
from fixgate.reports.adapter import Exposed
from fixgate.reports.findings import findings
from fixgate.reports.fingerprints import Told
from fixgate.reports.masking import Masker
from fixgate.reports.secrets import HashKey, load_hash_key, masked
from tests.reports.making import KEY, KEY_ID, ORIGIN, encoded, found, leak, old_leak, report, result, sarif

ALPHABET = st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="\"'`")
SECRETS = st.text(ALPHABET, min_size=8, max_size=60).filter(lambda s: len(set(s)) > 5 and "..." not in s)


def in_gitleaks(secret: str, other: str) -> object:
    """One in its own result and in every text of another one."""
    text = f"before {secret} after"
    strange = leak(
        other, Description=text, Match=text + other, Author=text, Tags=[text], File=f"{secret}/a", RuleID=text
    )
    return [leak(secret), {**strange, "Link": f"https://git.test/{quote(secret, safe='')}"}]


def in_old_gitleaks(secret: str, other: str) -> object:
    """One in version 7."""
    return [old_leak(secret), old_leak(other, author=f"a {secret}", file=f"{secret}.py", tags=secret)]


def in_sarif(secret: str, other: str) -> object:
    """One as gitleaks writes it through SARIF."""
    made = [result("token", "a.py"), result("token", f"{other}.py", message={"text": f"see {secret}"})]
    for item, value in zip(made, (secret, other), strict=True):
        item["locations"][0]["physicalLocation"]["region"]["snippet"]["text"] = value
    return sarif(made, tool="gitleaks")


@pytest.mark.parametrize("make", [in_gitleaks, in_old_gitleaks, in_sarif])
@given(secret=SECRETS, other=SECRETS)
def test_no_secret_is_in_any_field(make: Callable[[str, str], object], secret: str, other: str) -> None:
    """Of the encoded record: not in a title, a snippet, a path, a label or a link."""
    made = found(make(secret, other))
    assert made
    for finding in made:
        assert secret.encode() not in encoded(finding)
        assert other.encode() not in encoded(finding)


@pytest.mark.parametrize("shown", ["REDACTED", "", "start-of-it..."])
def test_what_may_show_a_secret_that_is_not_named_is_not_kept(shown: str) -> None:
    """Scanners that mask what they found may show it all the same, whole or in part, in the line around it."""
    (finding,) = found([leak(shown, Match="password = start-of-it-and-the-rest")])
    assert finding.locations[0].snippet is None
    assert b"start-of-it" not in encoded(finding)


def test_an_id_of_a_key_stays_where_it_is_a_name() -> None:
    """And is masked in texts."""
    (finding,) = found([leak(KEY_ID, Description=f"key {KEY_ID}")])
    assert finding.resource is not None
    assert finding.resource.id == KEY_ID
    assert KEY_ID not in f"{finding.title} {finding.locations} {finding.labels} {finding.secret}"


def test_the_secret_part_of_a_key_goes_and_its_id_stays() -> None:
    """Both stand in one match."""
    secret = "wJ" + "alrXUtnFEMI" * 3
    (finding,) = found([leak(secret, Match=f"{KEY_ID}:{secret}")])
    assert secret.encode() not in encoded(finding)
    assert finding.identity is not None
    assert finding.identity.id == KEY_ID
    assert finding.secret is not None
    assert finding.secret.kind == "generic_api_key"


def test_a_secret_is_masked_in_every_spelling() -> None:
    """As JSON and as an address would write it, and line by line."""
    secret = 'pa"ss\\wö' + "rd with blanks"
    lines = "-----BEGIN X-----\n" + "abcdEFGH" * 8 + "\n-----END X-----"
    masker = Masker([secret, lines])
    for form in (secret, json.dumps(secret), quote(secret), lines.splitlines()[1]):
        assert masked(form) == masked(form)
        assert form.strip('"') not in masker.text(f"see {form} there", 500)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://bob:one@two@shop.test/a", "https://shop.test/a"),
        (
            "pkg:npm/left@1?vcs_url=git%2Bhttps://:one@git.test/left",
            "pkg:npm/left@1?vcs_url=git%2Bhttps://git.test/left",
        ),
        ("https://bob%3Aone@shop.test", "https://shop.test"),
        ("https://shop.test:8080/@acme/left", "https://shop.test:8080/@acme/left"),
        ("ssh://git@git.test/shop", "ssh://git@git.test/shop"),
        ("docker-pullable://shop:1.4@sha256:00", "docker-pullable://shop:1.4@sha256:00"),
    ],
)
def test_a_name_that_is_an_address_has_no_password(text: str, shown: str) -> None:
    """Whatever is named by it."""
    assert Masker([]).name(text) == shown


def test_a_very_short_secret_leaves_no_text() -> None:
    """It would be in everything."""
    (finding,) = found([leak("x7!", Match="pin = x7!", Description="pin")])
    assert (finding.description, finding.locations[0].snippet) == ("", None)


@pytest.mark.parametrize(("length", "rest"), [(4, 0), (19, 0), (20, 8), (500, 8)])
def test_a_mask_shows_little_and_not_the_length(length: int, rest: int) -> None:
    """Nothing of a short secret, eight characters of a long one."""
    mask = masked(("ab1" * 200)[:length])
    assert len(mask) == 8 + rest


def test_the_hash_is_keyed() -> None:
    """Another key gives another hash and says so; the same gives the same."""
    (finding,) = found([leak("k" + "ey" * 12)])
    assert finding.secret is not None
    again = KEY.mark("k" + "ey" * 12, "k")
    other = HashKey.of(b"another key of tests, as long as that").mark("k" + "ey" * 12, "k")
    assert again is not None
    assert other is not None
    assert (finding.secret.hash, finding.secret.key_id) == (again.hash, again.key_id)
    assert again.hash != other.hash
    assert again.key_id != other.key_id


def test_a_draft_does_not_show_its_secret() -> None:
    """Whoever logs one logs no secret."""
    assert "s3cr" not in repr(Exposed(kind="k", value="s3cr" + "et"))
    assert "key of tests" not in repr(KEY)


@pytest.mark.parametrize(
    ("content", "mode", "says"), [(b"short", 0o600, "at least 32"), (b"k" * 32, 0o644, "open to other users")]
)
def test_a_weak_key_is_refused(tmp_path: Path, content: bytes, mode: int, says: str) -> None:
    """Too short, or readable by others."""
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match=says):
        load_hash_key(path)


def test_a_key_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With the reason of the system."""
    with pytest.raises(Misconfigured, match="No such file"):
        load_hash_key(tmp_path / "none")


def test_a_good_key_is_read(tmp_path: Path) -> None:
    """All of its bytes."""
    path = tmp_path / "key"
    path.write_bytes(os.urandom(32))
    path.chmod(0o600)
    assert load_hash_key(path).key == path.read_bytes()


def test_more_secrets_than_can_be_tried_mask_the_rest() -> None:
    """An attack costs its own text, not the time of others."""
    masker = Masker(["aaaa" + "b" * n for n in range(100)])
    assert masker.text("begin aaaa and all that follows", 100) == "begin ********"


def test_a_secret_at_the_end_of_what_is_read_does_not_show_in_part() -> None:
    """A very long text is cut before its secrets are looked for."""
    secret = "s3cr" + "et-" + "v4lue" * 20
    text = secret * 600 + "x"
    shown = Masker([secret]).text(text, 16_000)
    assert "v4luev4lue" not in shown


def test_where_a_result_stands_shows_no_secret() -> None:
    """Some formats have a file's name on the way to a result; half of a surrogate pair in it breaks no record."""
    secret = "s3cr" + "et-" + "v4lue" * 4
    read = report([leak(secret)])
    (told,) = read.findings
    for name in (f"x/{secret}.py", "\ud800"):
        at_a_name = Told(structs.replace(told.draft, pointer=f"/results/{name}/0"), told.fingerprint)
        (finding,) = findings(replace(read, findings=(at_a_name,)), KEY, ORIGIN)
        assert secret.encode() not in encoded(finding)
        assert finding.original.pointer.startswith("/results/")
