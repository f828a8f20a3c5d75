"""Wiring of ingest."""

from pathlib import Path

from fixgate.errors import Misconfigured
from fixgate.events import Stored
from fixgate.identity import WorkloadIdentity
from fixgate.objects import ObjectStore
from fixgate.process import Process
from fixgate.rejections import Sealer
from fixgate.reports.secrets import HashKey, load_hash_key
from fixgate.sealing import load_seal
from fixgate.verbs import Workload
from services.ingest.adapters.originals import Originals
from services.ingest.decide import Normalize


def build(process: Process, identity: WorkloadIdentity) -> Workload[Stored | None]:
    """Ingest in this process; raises Misconfigured without a hash key: secrets could not be told from each other."""
    del identity
    settings = process.settings
    if not settings.hash_key:
        raise Misconfigured(
            "there is no key to hash secrets with",
            remedy="Set FIXGATE_HASH_KEY to a file: head -c 32 /dev/urandom > FILE; chmod 600 FILE.",
        )
    sealer = load_seal(Path(settings.sealing_key)) if settings.sealing_key else None
    return workload(load_hash_key(Path(settings.hash_key)), process.objects(), sealer)


def workload(key: HashKey, store: ObjectStore, sealer: Sealer | None) -> Workload[Stored | None]:
    """Ingest with this key, and with originals kept sealed when there is a sealer."""
    return Workload(service="ingest", verb=Normalize(key=key), gather=Originals(store=store, sealer=sealer))
