"""The catalogue's own review, of the shipped templates and of bad ones."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from fixgate.changes.catalogue import CATALOGUE, Catalogue, Template
from fixgate.changes.lint import lint
from fixgate.changes.manifest import Permission, Written, manifest_of
from fixgate.cli import app
from tests.changes.drafts import BUCKET, IDS, KEY, wrapped


def test_the_shipped_catalogue_has_no_fault() -> None:
    """Permissions, calls, credentials, write-sets, rehearsals, documents."""
    assert lint(CATALOGUE) == ()


def changed(template_id: str, **fields: Any) -> Template:
    """A template that says something else of itself."""
    template = CATALOGUE.templates[template_id]
    return replace(template, manifest=template.manifest.model_copy(update=fields))


def more_permission() -> Template:
    """One that nothing uses."""
    permissions = CATALOGUE.templates[KEY].manifest.permissions
    return changed(KEY, permissions=(*permissions, Permission(action="iam:DeleteUser", resource="the user")))


def less_permission() -> Template:
    """One is missing."""
    return changed(KEY, permissions=CATALOGUE.templates[KEY].manifest.permissions[1:])


BAD: list[tuple[Callable[[], Template], str]] = [
    (more_permission, "not used by any call"),
    (less_permission, "is not permitted"),
    (lambda: changed(KEY, write_set=(Written(path="/tags", meaning="other"),)), "does not name"),
    (lambda: changed(KEY, ceiling="lossy"), "rehearsal shows"),
    (lambda: changed(KEY, target_kind="aws.ec2.instance"), "no example"),
    (lambda: changed(KEY, credential_kind="git"), "no credential"),
    (lambda: replace(CATALOGUE.templates[KEY], readme=""), "README"),
    (lambda: wrapped(BUCKET, instead_of_undo=lambda _: None), "rehearsal shows"),
    (
        lambda: wrapped(
            BUCKET, before_step=lambda stage: stage.session.aws("s3", None).delete_bucket_policy(Bucket="b" * 63)
        ),
        "outside of the write-set",
    ),
]


@pytest.mark.parametrize(("make", "words"), BAD)
def test_a_bad_template_is_found(make: Callable[[], Template], words: str) -> None:
    """Each fault by its words."""
    assert any(words in fault for _, fault in lint(Catalogue([make()])))


@pytest.mark.parametrize(
    "fields",
    [
        {"oracles": []},
        {"oracles": [{"name": "a", "kind": "state", "question": "Is it so?"}] * 2},
        {"residual_power": []},
        {"write_set": []},
        {"unheard": 1},
        {"durations": {"apply": 1, "validate": 1, "rollback": 1, "credential": 3600}},
        {"id": "Bad Id"},
    ],
)
def test_a_manifest_must_say_what_the_laws_ask(fields: dict[str, Any]) -> None:
    """Before lint can look at it."""
    import yaml  # noqa: PLC0415 - used here alone

    from fixgate.errors import Misconfigured  # noqa: PLC0415 - used here alone

    whole = CATALOGUE.templates[KEY].manifest.model_dump(mode="json", by_alias=True)
    assert manifest_of(yaml.safe_dump(whole).encode(), "here") == CATALOGUE.templates[KEY].manifest
    with pytest.raises(Misconfigured):
        manifest_of(yaml.safe_dump({**whole, **fields}).encode(), "here")


def test_the_command_line_lists_shows_and_lints() -> None:
    """In text and as JSON."""
    run = CliRunner()
    for arguments in (["list"], ["list", "--json"]):
        ended = run.invoke(app, ["templates", *arguments])
        assert ended.exit_code == 0
        assert all(name in ended.output for name in IDS)
    for arguments in (["show", "git"], ["show", "--json", "git"]):
        ended = run.invoke(app, ["templates", *arguments])
        assert ended.exit_code == 0
        assert "git:Push" in ended.output
    assert run.invoke(app, ["templates", "lint", "--json"]).exit_code == 0
    assert run.invoke(app, ["templates", "show", "aws"]).exit_code != 0
