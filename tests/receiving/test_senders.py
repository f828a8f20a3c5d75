"""Who sends this? For any headers: somebody who proved it, or the one refusal; never another error."""

import asyncio
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from fixgate.receiving.book import SourceBook
from fixgate.receiving.declining import Declined
from fixgate.receiving.secrets import hashed
from fixgate.receiving.senders import Door
from tests.receiving.reception import SCANNER, SECRET, OneSvid

TOKEN = "a token that was issued"  # noqa: S105 - of this test
NAMES = st.sampled_from(["authorization", "x-api-key", "x-hub-signature-256", "content-type"])
SCHEMES = st.sampled_from(["Bearer ", "Basic ", "bearer", "sha256=", "", "Digest "])
VALUES = st.builds("{}{}".format, SCHEMES, st.text(st.characters(max_codepoint=255), max_size=60))
SOURCES = st.none() | st.sampled_from(["ci", "events", "github", "scanner", "nobody", "", ".."])


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Door:
    """One source of each kind."""
    folder: Path = tmp_path_factory.mktemp("door")
    sources = {
        "ci": {"kind": "token", "token": hashed(TOKEN)},
        "events": {"kind": "token", "token": hashed("of a header"), "header": "X-Api-Key"},
        "github": {"kind": "github", "secret": "gh.secret"},
        "scanner": {"kind": "svid", "spiffe_id": SCANNER},
    }
    for name, content in (("sources.yaml", yaml.safe_dump({"version": 1, "sources": sources})), ("gh.secret", "")):
        (folder / name).write_text(content or SECRET.decode())
        (folder / name).chmod(0o600)
    return Door(SourceBook(folder / "sources.yaml"), OneSvid())


@given(source=SOURCES, shown=st.lists(st.tuples(NAMES, VALUES), max_size=4), body=st.binary(max_size=50))
def test_whatever_is_shown_nobody_gets_in_without_a_proof(
    door: Door, source: str | None, shown: list[tuple[str, str]], body: bytes
) -> None:
    """By its headers, or by the signature over its body where the source signs."""
    headers = Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in shown])
    with pytest.raises(Declined) as declined:
        asyncio.run(door.sender(source, headers)).check(body)
    assert declined.value.status == 401


@given(st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), min_size=1, max_size=30))
def test_only_the_whole_token_is_one(door: Door, more: str) -> None:
    """Not its beginning, and not with anything before or behind it."""
    for text in (TOKEN[: -len(more)], more + TOKEN, TOKEN + more):
        if text.strip() == TOKEN:
            continue
        headers = Headers(raw=[(b"authorization", f"Bearer {text}".encode("latin-1"))])
        with pytest.raises(Declined):
            asyncio.run(door.sender(None, headers))
    found = asyncio.run(door.sender(None, Headers({"authorization": f"Bearer {TOKEN}"})))
    assert (found.name, found.principal) == ("ci", "token:ci")
