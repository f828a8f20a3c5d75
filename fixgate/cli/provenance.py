"""`fixgate story`, `verify` and `evidence`: what happened to a finding, and the proof of it. Needs no broker."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fixgate.errors import EXIT_REFUSED, Misconfigured, Refused, Unavailable

if TYPE_CHECKING:
    from fixgate.log.audit import Keys
    from fixgate.log.storage import Store
    from fixgate.objects import ObjectStore
    from fixgate.provenance.checks import Check, Verdicts
    from fixgate.provenance.evidence import Evidence
    from fixgate.provenance.story import Chapter
    from fixgate.provenance.verify import EvidenceVerifier

Id = Annotated[str, typer.Argument(metavar="ID", help="A finding, or any record about it; ids may be shortened.")]
LogKey = Annotated[str, typer.Option("--key", metavar="KEY", help="The log's verifier key, or a file that holds it.")]
WitnessKeys = Annotated[
    list[str] | None,
    typer.Option("--witness-key", metavar="KEY", help="A trusted witness's verifier key or file; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
RosterDigest = Annotated[
    str, typer.Option("--roster", metavar="DIGEST", help="The first roster; the setting's otherwise.")
]
OperatorsTime = Annotated[
    bool,
    typer.Option("--operator-time", help="Accept times that only the operator asserts, although a witness is known."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print every check.")]
UNREAD_SHOWN = 20


def story(wanted: Id, *, key: LogKey = "", witness_key: WitnessKeys = None, as_json: AsJson = False) -> None:
    """Tell one finding's story from report to outcome, as a tree.

    --json prints a list of chapters: kind, id, digest, at (UTC, or null), words, signer, trace_id, followed (chapters).
    """
    import json  # noqa: PLC0415 - not needed for help

    from fixgate.provenance.story import story as told  # noqa: PLC0415 - slow to import

    case = _Case(key, witness_key)
    chapters = told(list(case.archive.about(case.findings(wanted))))
    if as_json:
        typer.echo(json.dumps([chapter.to_json() for chapter in chapters], indent=2))
    else:
        _print_story(chapters)
    if case.archive.unread:
        typer.echo(f"{len(case.archive.unread)} records of the log cannot be read: see `fixgate verify`", err=True)


def verify(
    wanted: Annotated[
        str, typer.Argument(metavar="ID|FILE", help="A finding or record of this log, or an evidence file.")
    ],
    *,
    key: LogKey = "",
    witness_key: WitnessKeys = None,
    roster: RosterDigest = "",
    operator_time: OperatorsTime = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Verify a finding's whole chain, offline; exit 1 when anything fails.

    --json prints verified, findings, time ("witness" or "operator"), ended (how often each result), and checks:
    record (digest), kind, step, passed, words.
    """
    from fixgate.cli.counting import counted  # noqa: PLC0415 - slow to import
    from fixgate.provenance.evidence import Evidence  # noqa: PLC0415 - slow to import

    file = Path(wanted)
    unread: list[Check] = []
    if file.is_file():
        found, keys = Evidence.load(_read(file)), _keys(key, witness_key)
    elif os.sep in wanted or file.suffix == ".json":
        raise typer.BadParameter(f"there is no file {wanted}")
    else:
        case = _Case(key, witness_key)
        found, keys, unread = case.evidence(wanted), case.keys, case.unread()
    verifier = _verifier(keys, roster, operators_time=operator_time)
    with counted("records") as progress:
        verdicts = verifier.verify(found, progress)
    _print_verdicts(found, verdicts.with_more(unread), keys, verbose=verbose, as_json=as_json)


def evidence(
    wanted: Id,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; without it, standard output.")
    ] = None,
    key: LogKey = "",
    witness_key: WitnessKeys = None,
) -> None:
    """Write everything that proves a finding's chain into one file, for `fixgate verify FILE` elsewhere."""
    data = _Case(key, witness_key).evidence(wanted).dump()
    if output is None:
        typer.echo(data.decode(), nl=False)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise Unavailable(f"{output} cannot be written: {error.strerror}") from None
    typer.echo(
        f"{output}: {len(data)} bytes; `fixgate verify {output}` checks it with the log's and the witness's keys"
    )


class _Case:
    """This deployment's log, opened once."""

    def __init__(self, key: str, witnesses: list[str] | None) -> None:
        from fixgate.cli.counting import counted  # noqa: PLC0415 - slow to import
        from fixgate.codec import Codec  # noqa: PLC0415 - slow to import
        from fixgate.log.places import Places  # noqa: PLC0415 - slow to import
        from fixgate.log.storage import open_store  # noqa: PLC0415 - slow to import
        from fixgate.objects import open_objects  # noqa: PLC0415 - slow to import
        from fixgate.provenance.archive import Archive  # noqa: PLC0415 - slow to import
        from fixgate.settings import load  # noqa: PLC0415 - slow to import

        settings = load()
        self.keys: Keys = _keys(key, witnesses)
        self.store: Store = open_store(Places(settings).log)
        self.objects: ObjectStore = open_objects(settings.objects, settings.home)
        with counted("leaves") as progress:
            self.archive: Archive = Archive(self.store, self.objects, self.keys, Codec(), progress)

    def findings(self, wanted: str) -> tuple[str, ...]:
        """The findings that the wanted record is about; raises Refused when it is about none."""
        logged = self.archive.find(wanted)
        found = self.archive.findings_of(logged.digest)
        if not found:
            raise Refused(f"{logged.ids[0]} is a {logged.kind.lower()}: it is about no finding")
        return found

    def evidence(self, wanted: str) -> "Evidence":
        """Their evidence, with the rosters that the people in it stand in."""
        from fixgate.cli.counting import counted  # noqa: PLC0415 - slow to import
        from fixgate.provenance.collecting import collect  # noqa: PLC0415 - slow to import

        with counted("records") as progress:
            return collect(self.archive, self.store, self.objects, self.keys, self.findings(wanted), progress)

    def unread(self) -> "list[Check]":
        """What the log names and nobody can read: it may be about the finding, so nothing is whole without it."""
        from fixgate.provenance.checks import Check  # noqa: PLC0415 - slow to import

        return [
            Check(record=leaf.digest or "", kind=leaf.topic, step="archive", passed=False, words=why)
            for leaf, why in self.archive.unread[:UNREAD_SHOWN]
        ]


def _verifier(keys: "Keys", roster: str, *, operators_time: bool = False) -> "EvidenceVerifier":
    from fixgate.codec import Codec  # noqa: PLC0415 - slow to import
    from fixgate.naming import Naming  # noqa: PLC0415 - slow to import
    from fixgate.people.places import RosterFiles  # noqa: PLC0415 - slow to import
    from fixgate.provenance.people import Approvers  # noqa: PLC0415 - slow to import
    from fixgate.provenance.verify import EvidenceVerifier  # noqa: PLC0415 - slow to import
    from fixgate.settings import load  # noqa: PLC0415 - slow to import
    from fixgate.topology import PIPELINE  # noqa: PLC0415 - slow to import

    settings, codec = load(), Codec()
    return EvidenceVerifier(
        keys=keys,
        topology=PIPELINE,
        naming=Naming(prefix=settings.prefix, trust_domain=settings.trust_domain),
        codec=codec,
        people=Approvers(codec=codec, first_roster=roster or settings.roster or RosterFiles(settings.home).pin),
        operators_time=operators_time,
    )


def _keys(key: str, witnesses: list[str] | None) -> "Keys":
    from fixgate.cli.log import verification_keys  # noqa: PLC0415 - beside its user

    return verification_keys(key, witnesses)


def _read(file: Path) -> bytes:
    from fixgate.provenance.evidence import FILE_LIMIT  # noqa: PLC0415 - slow to import

    try:
        if file.stat().st_size > FILE_LIMIT:
            raise Refused(f"{file} has {file.stat().st_size} bytes; evidence has {FILE_LIMIT} at most")
        return file.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{file} cannot be read: {error.strerror}") from None


def _print_story(chapters: "list[Chapter]") -> None:
    import sys  # noqa: PLC0415 - not needed for help

    if not sys.stdout.isatty():
        for chapter in chapters:
            for line in chapter.lines():
                typer.echo(line)
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import

    from fixgate.cli.story_tree import trees  # noqa: PLC0415 - slow to import

    console = Console()
    for tree in trees(chapters):
        console.print(tree)


def _print_verdicts(found: "Evidence", verdicts: "Verdicts", keys: "Keys", *, verbose: bool, as_json: bool) -> None:
    import json  # noqa: PLC0415 - not needed for help
    from dataclasses import asdict  # noqa: PLC0415 - not needed for help

    from fixgate.cli.verdicts import lines, summary  # noqa: PLC0415 - slow to import
    from fixgate.people.view import safe  # noqa: PLC0415 - slow to import

    if as_json:
        told = {
            "verified": verdicts.verified,
            "findings": found.finding_ids,
            "time": verdicts.time,
            "ended": verdicts.ended,
            "checks": [asdict(c) for c in verdicts.checks],
        }
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo(f"findings: {safe(', '.join(found.finding_ids)) or 'none'}")
        for line in lines(verdicts, verbose=verbose):
            typer.echo(line)
        typer.echo(summary(verdicts, [w.name for w in keys.witnesses]))
    if not verdicts.verified:
        raise typer.Exit(EXIT_REFUSED)
