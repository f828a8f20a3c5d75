"""A template of the catalogue, what is on offer of it, and the slots that are filled with it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from fixgate.changes.manifest import Manifest
from fixgate.changes.template import Applicable, NotApplicable, Offer, Operations
from fixgate.events import Slot, SlotFiller, TemplateReference
from fixgate.forms import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One pre-approved change: what it says of itself, which version of it this is, and its code."""

    manifest: Manifest
    reference: TemplateReference
    operations: Operations
    readme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Everything on offer for a case; `digest` names exactly this, template digests included."""

    applicable: tuple[Applicable, ...]
    refused: tuple[NotApplicable, ...]
    digest: str

    def of(self, template_id: str) -> Applicable | None:
        """What is on offer of one template; None when it does not apply."""
        return next((offer for offer in self.applicable if offer.template_id == template_id), None)


def same(one: Scalar, other: Scalar) -> bool:
    """Whether two values are the same: `True` is not 1."""
    return type(one) is type(other) and one == other


def filled(applicable: Applicable, picks: Mapping[str, str], filler: SlotFiller) -> tuple[Slot, ...]:
    """The slots of a proposal from the references that somebody picked, in the template's order.

    A slot that is not in `picks` takes its first offer. `filler` is who picked. Raises ValueError for a reference that
    was not on offer, or a slot that there is not.
    """
    unknown = picks.keys() - applicable.slots.keys()
    if unknown:
        raise ValueError(f"there is no slot {', '.join(sorted(unknown))}")
    return tuple(_slot(name, offers, picks.get(name), filler) for name, offers in applicable.slots.items())


def _slot(name: str, offers: tuple[Offer, ...], reference: str | None, filler: SlotFiller) -> Slot:
    offer = offers[0] if reference is None else next((o for o in offers if o.reference == reference), None)
    if offer is None:
        raise ValueError(f"the slot {name} has no such offer")
    return Slot(name=name, value=offer.value, filler=filler, reference=offer.reference, tainted=offer.tainted)
