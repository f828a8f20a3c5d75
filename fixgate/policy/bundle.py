"""A bundle of Cedar policies: read once, validated against its schema, and named by a digest.

Without the schema Cedar fails open: a forbid that errors is skipped. So the schema always goes along, and an answer
with any error in it is no answer. Policies are known by their `@id`, and say what they mean in `@words`. What permits
with approval also says how many people (`@quorum`), which roles must be among them (`@roles`, separated by commas;
`a|b` is met by either) and what they must be shown (`@obligation`, `id: words`).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, cast

import cedarpy

from fixgate.errors import Misconfigured
from fixgate.events import DeterminingPolicy, Obligation, PolicyEffect
from fixgate.people.roster import Role

# The library's dictionaries have no type of their own.
_authorize: Final = cast(Callable[..., cedarpy.AuthzResult], cedarpy.is_authorized)  # pyright: ignore[reportUnknownMemberType]
_checked: Final = cast(Callable[..., cedarpy.ValidationResult], cedarpy.validate_policies)  # pyright: ignore[reportUnknownMemberType]

SCHEMA_FILE: Final = "schema.cedarschema"
ALTERNATIVE: Final = "|"
QUORUM_LIMIT: Final = 9


class Action(StrEnum):
    """What is asked: may it happen by itself, or once people have approved."""

    AUTOMATIC = "automatic"
    WITH_APPROVAL = "with_approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy's meaning; `quorum` is 0 where it asks nobody."""

    id: str
    effect: PolicyEffect
    words: str
    quorum: int = 0
    roles: tuple[str, ...] = ()
    obligation: Obligation | None = None

    @property
    def determining(self) -> DeterminingPolicy:
        """As a decision names it."""
        return DeterminingPolicy(id=self.id, effect=self.effect, words=self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the policies say. With any error it is a refusal, whatever else they say."""

    allowed: bool
    policies: tuple[Policy, ...]
    errors: tuple[str, ...] = ()


class Bundle:
    """The policies of one deployment; `digest` is over the names and bytes of its files. Safe to share."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Raises Misconfigured when they are not valid together."""
        self.digest: Final = _digest(files)
        schema = _text(files, SCHEMA_FILE)
        policies = "\n".join(_text(files, name) for name in sorted(files) if name.endswith(".cedar"))
        _validate(policies, schema)
        keyed = _keyed(policies)
        self.policies: Final[Mapping[str, Policy]] = {i: _policy(i, entry) for i, entry in keyed.items()}
        self._set = cedarpy.PolicySet.from_json_str(
            json.dumps({"staticPolicies": keyed, "templates": {}, "templateLinks": []})
        )
        self._schema = cedarpy.Schema.from_str(schema)

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """The bundle in a folder: `*.cedar` and the schema; raises Misconfigured. Reads files."""
        try:
            paths = [*sorted(folder.glob("*.cedar")), folder / SCHEMA_FILE]
            return cls({p.name: p.read_bytes() for p in paths})
        except OSError as error:
            raise Misconfigured(
                f"the policies in {folder} cannot be read: {error.strerror}",
                remedy="Set FIXGATE_POLICIES to a folder with Cedar policies and their schema.",
            ) from None

    def ask(
        self, action: Action, assembler: str, change: str, facts: Mapping[str, Any], moment: Mapping[str, Any]
    ) -> Answer:
        """Evaluate one action. Never raises for what the facts hold: an answer with errors is a refusal."""
        resource = {"type": "Fixgate::Change", "id": change}
        principal = {"type": "Fixgate::Assembler", "id": assembler}
        entities: list[dict[str, Any]] = [
            {"uid": resource, "attrs": dict(facts), "parents": []},
            {"uid": principal, "attrs": {}, "parents": []},
        ]
        request = {
            "principal": principal,
            "action": {"type": "Fixgate::Action", "id": action.value},
            "resource": resource,
            "context": dict(moment),
        }
        result = _authorize(request, self._set, entities, self._schema)
        errors = tuple(map(str, result.diagnostics.errors))
        if result.decision is cedarpy.Decision.NoDecision and not errors:
            errors = ("the policies came to no decision",)
        found = tuple(self.policies[i] for i in sorted(result.diagnostics.reasons) if i in self.policies)
        return Answer(allowed=result.allowed and not errors, policies=found, errors=errors)


def _digest(files: Mapping[str, bytes]) -> str:
    hashed = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            hashed.update(b"%d:" % len(part) + part)
    return "sha256:" + hashed.hexdigest()


def _text(files: Mapping[str, bytes], name: str) -> str:
    try:
        return files[name].decode()
    except KeyError:
        raise Misconfigured(f"the policies have no {name}") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{name} is not UTF-8") from None


def _validate(policies: str, schema: str) -> None:
    try:
        result = _checked(policies, schema)
    except ValueError as error:
        raise Misconfigured(f"the policies cannot be read: {error}") from None
    if not result.validation_passed:
        raise Misconfigured(
            f"the policies are not valid: {'; '.join(map(str, result.errors))}", remedy="See `fixgate policy check`."
        )


def _keyed(policies: str) -> Mapping[str, Mapping[str, Any]]:
    """The policies by their @id: Cedar itself numbers them."""
    parsed = json.loads(cedarpy.policies_to_json_str(policies))
    if parsed["templates"]:
        raise Misconfigured("policy templates are not used here: write the policies out")
    if not parsed["staticPolicies"]:
        raise Misconfigured("there is no policy: nothing would ever be allowed")
    keyed: dict[str, Mapping[str, Any]] = {}
    for entry in parsed["staticPolicies"].values():
        name = entry.get("annotations", {}).get("id") or ""
        if not name or name in keyed:
            raise Misconfigured(f"the policy id {name!r} is empty or there twice", remedy="Give each policy its @id.")
        keyed[name] = entry
    return keyed


def _policy(name: str, entry: Mapping[str, Any]) -> Policy:
    said: Mapping[str, str] = {k: v or "" for k, v in entry["annotations"].items()}
    effect = PolicyEffect(entry["effect"])
    if not said.get("words"):
        raise Misconfigured(f"the policy {name} has no @words: nobody could tell people what it means")
    strange = sorted(said.keys() - {"id", "words", "quorum", "roles", "obligation"})
    if strange:
        raise Misconfigured(f"the policy {name} has annotations that mean nothing: {', '.join(strange)}")
    asks = effect is PolicyEffect.PERMIT and _asks_people(name, entry)
    if not asks and said.keys() & {"quorum", "roles", "obligation"}:
        raise Misconfigured(f"the policy {name} asks people, but does not permit with approval")
    return Policy(
        id=name,
        effect=effect,
        words=said["words"],
        quorum=_quorum(name, said.get("quorum", "")) if asks else 0,
        roles=_roles(name, said.get("roles", "")),
        obligation=_obligation(name, said["obligation"]) if "obligation" in said else None,
    )


def _asks_people(name: str, entry: Mapping[str, Any]) -> bool:
    action = entry["action"]
    if action.get("op") != "==":
        raise Misconfigured(f"the policy {name} permits several actions at once: name one")
    return bool(action["entity"]["id"] == Action.WITH_APPROVAL.value)


def _quorum(name: str, value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= QUORUM_LIMIT:
        raise Misconfigured(f"the policy {name} permits with approval: its @quorum must be 1 to {QUORUM_LIMIT}")
    return int(value)


def _roles(name: str, value: str) -> tuple[str, ...]:
    roles = tuple(part.strip() for part in value.split(",") if part.strip())
    strange = {one for role in roles for one in role.split(ALTERNATIVE)} - set(Role)
    if strange:
        raise Misconfigured(f"the policy {name} names roles that do not exist: {', '.join(sorted(strange))}")
    return roles


def _obligation(name: str, value: str) -> Obligation:
    identity, _, words = value.partition(":")
    if not identity.strip() or not words.strip():
        raise Misconfigured(f"the policy {name} has an @obligation that is not written as 'id: words'")
    return Obligation(id=identity.strip(), words=words.strip())
