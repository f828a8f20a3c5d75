"""Collects the evidence about a finding from a deployment's log and object store."""

from collections.abc import Sequence

from fixgate.errors import Refused
from fixgate.log.audit import Keys
from fixgate.log.proof import Prover
from fixgate.log.storage import Store
from fixgate.objects import ObjectStore
from fixgate.provenance.archive import Archive, Progress
from fixgate.provenance.evidence import Entry, Evidence


def collect(
    archive: Archive,
    store: Store,
    objects: ObjectStore,
    keys: Keys,
    finding_ids: Sequence[str],
    progress: Progress | None = None,
) -> Evidence:
    """The evidence about these findings; reads the log. Raises Refused when something cannot be proved."""
    prover = Prover(store, keys)
    chosen = _chosen(archive, finding_ids)
    entries: list[Entry] = []
    for digest in chosen:
        noted = archive.records[digest]
        entries.append(
            Entry(
                value=objects.get(digest),
                certificate=objects.get(noted.leaf.certificate or ""),
                proof=prover.prove(noted.index),
                after=prover.before(noted.index),
            )
        )
        if progress is not None:
            progress(len(entries), len(chosen))
    last = max((archive.records[d].index for d in chosen), default=-1)
    bundles = tuple(prover.prove(index) for index, _ in archive.bundles if index <= last)
    if not entries or not bundles:
        raise Refused("the log has nothing that could be proved about it")
    return Evidence(finding_ids=tuple(dict.fromkeys(finding_ids)), entries=tuple(entries), bundles=bundles)


def _chosen(archive: Archive, finding_ids: Sequence[str]) -> list[str]:
    """What is about the findings, what that was made from, and every roster; in the order of the log.

    What was made from an outcome or a request names it; the chain behind that one is another finding's story.
    """
    about = [logged.digest for logged in archive.about(finding_ids)]
    made_from = [p for d in about for p in archive.records[d].parents if p in archive.records]
    rosters = [logged.digest for logged in archive.rosters()]
    return sorted({*about, *made_from, *rosters}, key=lambda d: archive.records[d].index)
