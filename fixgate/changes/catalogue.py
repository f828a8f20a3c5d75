"""The catalogue as it is shipped: which changes there are, what is on offer for a case, and whether a proposal is true.

What is on offer is computed from the signed assessment's facts alone (law 2). Whoever decides computes it again, and
everything else that a proposal claims, and believes none of it (law 3). All of it is pure; only the loading reads
files, those of this package.
"""

import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Final, cast

from fixgate.changes.checking import lies
from fixgate.changes.manifest import manifest_of
from fixgate.changes.offers import Offers, Template, filled, same
from fixgate.changes.template import Applicable, Case, NotApplicable, Operations, Plan, case_of
from fixgate.errors import Misconfigured
from fixgate.events import Assessment, Proposal, TemplateReference
from fixgate.forms import Scalar

__all__ = ["CATALOGUE", "Catalogue", "Offers", "Template", "filled", "load"]

MANIFEST: Final = "template.yaml"
README: Final = "README.md"


class Catalogue:
    """Templates by id."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self.templates: Final[Mapping[str, Template]] = MappingProxyType({t.reference.id: t for t in templates})

    def offers(self, assessment: Assessment) -> Offers:
        """What is on offer; nothing when the target's state is not known. Pure."""
        case = case_of(assessment)
        made = [self._offer(template, case) for template in self.templates.values()]
        applicable = tuple(offer for offer in made if isinstance(offer, Applicable))
        refused = tuple(offer for offer in made if isinstance(offer, NotApplicable))
        return Offers(applicable=applicable, refused=refused, digest=self._digest(applicable, refused))

    def plan(self, assessment: Assessment, template_id: str, slots: Mapping[str, Scalar]) -> Plan:
        """The change with these slots; raises ValueError for what is not on offer. Pure."""
        case, offered = case_of(assessment), self.offers(assessment).of(template_id)
        if case is None or offered is None:
            raise ValueError(f"{template_id} is not on offer here")
        if slots.keys() != offered.slots.keys():
            raise ValueError(f"{template_id} has other slots")
        for name, value in slots.items():
            if not any(same(value, offer.value) for offer in offered.slots[name]):
                raise ValueError(f"the slot {name} was not offered this value")
        return self.templates[template_id].operations.plan(case, slots)

    def check(self, proposal: Proposal, assessment: Assessment) -> tuple[str, ...]:
        """Every lie that the proposal tells, in words; () for an honest one. Pure.

        `assessment` is the signed one that the proposal carries.
        """
        template = self.templates.get(proposal.template.id)
        if template is None:
            return (f"there is no template {proposal.template.id}",)
        offers = self.offers(assessment)
        return lies(
            proposal, assessment, template, offers, lambda slots: self.plan(assessment, template.reference.id, slots)
        )

    def _offer(self, template: Template, case: Case | None) -> Applicable | NotApplicable:
        manifest = template.manifest
        if case is None:
            return NotApplicable(template_id=manifest.id, why="the target's state is not known")
        if case.target.kind != manifest.target_kind:
            return NotApplicable(template_id=manifest.id, why=f"it is for {manifest.target_kind}")
        if case.assessment.kind not in manifest.problem_kinds:
            return NotApplicable(template_id=manifest.id, why=f"it is not for the problem {case.assessment.kind}")
        return template.operations.offers(case)

    def _digest(self, applicable: Sequence[Applicable], refused: Sequence[NotApplicable]) -> str:
        said: dict[str, Any] = {
            "templates": {name: t.reference.digest for name, t in self.templates.items()},
            "applicable": {
                offer.template_id: {
                    slot: [[o.reference, o.value, o.tainted] for o in values] for slot, values in offer.slots.items()
                }
                for offer in applicable
            },
            "refused": {offer.template_id: offer.why for offer in refused},
        }
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def load(package: str = __package__ or "fixgate.changes") -> Catalogue:
    """The templates that stand in a package, each in a folder with a manifest; raises Misconfigured."""
    return Catalogue([_template(package, folder) for folder in _folders(resources.files(package))])


def _folders(root: Traversable) -> Iterator[Traversable]:
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        if folder.is_dir() and (folder / MANIFEST).is_file():
            yield folder


def _template(package: str, folder: Traversable) -> Template:
    texts = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith((".py", ".yaml"))}
    manifest = manifest_of(texts[MANIFEST], f"{folder.name}/{MANIFEST}")
    if manifest.id.replace("-", "_") != folder.name:
        raise Misconfigured(f"the folder {folder.name} holds the template {manifest.id}")
    module = importlib.import_module(f"{package}.{folder.name}.operations")
    readme = folder / README
    return Template(
        manifest=manifest,
        reference=TemplateReference(id=manifest.id, version=manifest.version, digest=_files_digest(texts)),
        operations=cast(Operations, module.OPERATIONS),
        readme=readme.read_text(encoding="utf-8") if readme.is_file() else "",
    )


def _files_digest(texts: Mapping[str, bytes]) -> str:
    hashed = hashlib.sha256()
    for name, content in sorted(texts.items()):
        hashed.update(b"%d:%b%d:" % (len(name), name.encode(), len(content)) + content)
    return "sha256:" + hashed.hexdigest()


CATALOGUE: Final = load()
"""The shipped one, loaded once."""
