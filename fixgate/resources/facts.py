"""Facts of one source at one moment."""

from datetime import datetime

from fixgate.events import Environment, Fact, FactState, ManagedBy
from fixgate.forms import Scalar
from fixgate.resources.reading import Unreadable
from fixgate.telemetry.redaction import looks_secret

ENVIRONMENT_TAGS = ("environment", "env", "stage")
OWNER_TAGS = ("owner", "team")
MANAGED_TAGS = ("managed-by", "managedby", "managed_by")
STACK_TAG = "aws:cloudformation:stack-name"
TAGS = "aws:tags"

_ENVIRONMENTS = {
    "dev": Environment.DEVELOPMENT,
    "development": Environment.DEVELOPMENT,
    "test": Environment.TEST,
    "testing": Environment.TEST,
    "stage": Environment.STAGING,
    "staging": Environment.STAGING,
    "prod": Environment.PRODUCTION,
    "production": Environment.PRODUCTION,
}
_MANAGERS = {
    **dict.fromkeys(
        ("terraform", "opentofu", "pulumi", "cloudformation", "cdk", "crossplane", "ansible", "infrastructure_as_code"),
        ManagedBy.INFRASTRUCTURE_AS_CODE,
    ),
    "platform": ManagedBy.PLATFORM,
    "hand": ManagedBy.HAND,
    "manual": ManagedBy.HAND,
}
_WHY_MAX = 300


class Source:
    """Makes facts of one source, all observed at one moment."""

    def __init__(self, name: str, observed_at: datetime) -> None:
        self._name = name
        self._observed_at = observed_at

    def value(self, name: str, value: Scalar) -> Fact:
        """It is so."""
        return self._fact(name, FactState.VALUE, value, None)

    def absent(self, name: str) -> Fact:
        """There certainly is none."""
        return self._fact(name, FactState.ABSENT, None, None)

    def unreadable(self, name: str, why: str) -> Fact:
        """It cannot be told."""
        return self._fact(name, FactState.UNREADABLE, None, why[:_WHY_MAX])

    def known(self, name: str, value: Scalar) -> Fact:
        """The value, or absent for None."""
        return self.absent(name) if value is None else self.value(name, value)

    def _fact(self, name: str, state: FactState, value: Scalar, why: str | None) -> Fact:
        return Fact(name=name, state=state, value=value, why=why, source=self._name, observed_at=self._observed_at)


def tag_facts(tags: dict[str, str], observed_at: datetime) -> tuple[Fact, ...]:
    """What a resource's tags say of environment, owner and manager.

    A tag with a word that is not known is unreadable, not absent: somebody meant something by it.
    """
    source = Source(TAGS, observed_at)
    lowered = {name.lower(): value for name, value in tags.items()}
    owner = next((lowered[name] for name in OWNER_TAGS if lowered.get(name)), None)
    return (
        _word(source, f"environment.{TAGS}", ENVIRONMENT_TAGS, lowered, _ENVIRONMENTS),
        source.known(f"owner.{TAGS}", owner),
        source.value(f"managed_by.{TAGS}", ManagedBy.INFRASTRUCTURE_AS_CODE.value)
        if STACK_TAG in lowered
        else _word(source, f"managed_by.{TAGS}", MANAGED_TAGS, lowered, _MANAGERS),
    )


def unreadable_tags(why: str, observed_at: datetime) -> tuple[Fact, ...]:
    """The same facts when the tags could not be read."""
    source = Source(TAGS, observed_at)
    return tuple(source.unreadable(f"{name}.{TAGS}", why) for name in ("environment", "owner", "managed_by"))


def without_secrets(tags: dict[str, str]) -> dict[str, str]:
    """The tags as they are; raises Unreadable when one holds what looks like a secret: it must travel no further."""
    if any(looks_secret(f"{name}={value}") for name, value in tags.items()):
        raise Unreadable("a tag holds what looks like a secret")
    return tags


def tag_lines(tags: dict[str, str]) -> tuple[str, ...]:
    """`name=value` for each tag, in order."""
    return tuple(f"{name}={value}" for name, value in sorted(tags.items()))


def _word(
    source: Source,
    fact: str,
    names: tuple[str, ...],
    tags: dict[str, str],
    words: dict[str, Environment] | dict[str, ManagedBy],
) -> Fact:
    said = {tags[name].strip().lower() for name in names if tags.get(name)}
    if not said:
        return source.absent(fact)
    meant = {words[word].value for word in said if word in words}
    if len(meant) == 1 and all(word in words for word in said):
        return source.value(fact, meant.pop())
    return source.unreadable(fact, "the tag says something that is not known here, or two things")
