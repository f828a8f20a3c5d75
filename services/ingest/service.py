"""Wiring of ingest."""

from collections.abc import Sequence
from pathlib import Path

from fixgate.errors import Misconfigured
from fixgate.identity import WorkloadIdentity
from fixgate.process import Process
from fixgate.reports.secrets import HashKey, load_hash_key
from fixgate.sealing import load_seal, load_unseal
from fixgate.verbs import Workload
from services.ingest.adapters.gathering import Gathering, refers
from services.ingest.adapters.originals import Originals
from services.ingest.adapters.references import References
from services.ingest.decide import Normalize
from services.ingest.gathered import Gathered


def build(process: Process, identity: WorkloadIdentity) -> Workload[Gathered]:
    """Ingest in this process; raises Misconfigured without a hash key: secrets could not be told from each other."""
    del identity
    settings = process.settings
    if not settings.hash_key:
        raise Misconfigured(
            "there is no key to hash secrets with",
            remedy="Set FIXGATE_HASH_KEY to a file: head -c 32 /dev/urandom > FILE; chmod 600 FILE.",
        )
    store = process.objects()
    sealer = load_seal(Path(settings.sealing_key)) if settings.sealing_key else None
    originals = Originals(store=store, sealer=sealer)
    references = None
    if settings.intake_private_key:
        unseal = load_unseal(*_paths(settings.intake_private_key))
        references = References(store, unseal, process.state, settings.report_limit, originals)
    key = load_hash_key(Path(settings.hash_key))
    return workload(key, originals, references, vouched=settings.require_vouchers)


def workload(
    key: HashKey, originals: Originals, references: References | None = None, *, vouched: bool = False
) -> Workload[Gathered]:
    """Ingest with this key, and what it does with originals and with reports that are only referred to.

    With `vouched` it refuses reports for whose sender nobody vouches.
    """
    return Workload(
        service="ingest",
        verb=Normalize(key=key, vouched=vouched),
        gather=Gathering(originals=originals, references=references),
        alone=refers,
    )


def _paths(setting: str) -> Sequence[Path]:
    return [Path(name.strip()) for name in setting.split(",") if name.strip()]
