"""`fixgate story`, `verify` and `evidence`: what happened to a finding, and the proof of it. Needs no broker."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.errors import EXIT_REFUSED, Misconfigured, Unavailable

if TYPE_CHECKING:
    from fixgate.log.audit import Keys
    from fixgate.log.storage import Store
    from fixgate.objects import ObjectStore
    from fixgate.provenance.archive import Logged
    from fixgate.provenance.evidence import Evidence
    from fixgate.provenance.story import Chapter
    from fixgate.provenance.verify import Verdicts

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


def story(wanted: Id, *, key: LogKey = "", witness_key: WitnessKeys = None, as_json: AsJson = False) -> None:
    """Tell one finding's story from report to outcome, as a tree."""
    import json  # noqa: PLC0415 - not needed for help

    from fixgate.provenance.story import story as told  # noqa: PLC0415 - slow to import

    case = _Case(key, witness_key)
    chapters = told(case.about(wanted))
    if as_json:
        typer.echo(json.dumps([chapter.to_json() for chapter in chapters], indent=2))
    else:
        _print_story(chapters)


def verify(
    wanted: Annotated[
        str, typer.Argument(metavar="ID|FILE", help="A finding or record of this log, or an evidence file.")
    ],
    *,
    key: LogKey = "",
    witness_key: WitnessKeys = None,
    roster: RosterDigest = "",
    as_json: AsJson = False,
) -> None:
    """Verify a finding's whole chain, offline; exit 1 when anything fails."""
    import json  # noqa: PLC0415 - not needed for help
    from dataclasses import asdict  # noqa: PLC0415 - not needed for help

    from fixgate.provenance.evidence import Evidence  # noqa: PLC0415 - slow to import

    file = Path(wanted)
    if file.is_file():
        found, keys = Evidence.load(_read(file)), _keys(key, witness_key)
    else:
        case = _Case(key, witness_key)
        found, keys = case.evidence(wanted), case.keys
    verdicts = _verifier(keys, roster).verify(found)
    if as_json:
        checks = [asdict(c) for c in verdicts.checks]
        typer.echo(
            json.dumps({"verified": verdicts.verified, "findings": found.finding_ids, "checks": checks}, indent=2)
        )
    else:
        _print_verdicts(found, verdicts)
    if not verdicts.verified:
        raise typer.Exit(EXIT_REFUSED)


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

    def about(self, wanted: str) -> "list[Logged]":
        """The records about the findings that the wanted record is about, in the order of the log."""
        return list(self.archive.about(self.archive.findings_of(self.archive.find(wanted))))

    def evidence(self, wanted: str) -> "Evidence":
        """Their evidence, with the rosters that the people in it stand in."""
        from fixgate.events import Control, ControlKind  # noqa: PLC0415 - slow to import
        from fixgate.provenance.evidence import collect  # noqa: PLC0415 - slow to import

        chosen = {logged.digest for logged in self.about(wanted)}
        records = [
            logged
            for logged in self.archive.records.values()
            if logged.digest in chosen
            or (isinstance(logged.record, Control) and logged.record.kind is ControlKind.ROSTER)
        ]
        return collect(self.archive, self.store, self.objects, self.keys, records)


def _verifier(keys: "Keys", roster: str) -> Any:
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
    )


def _keys(key: str, witnesses: list[str] | None) -> "Keys":
    from fixgate.cli.log import verification_keys  # noqa: PLC0415 - beside its user

    return verification_keys(key, witnesses)


def _read(file: Path) -> bytes:
    try:
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
    from rich.text import Text  # noqa: PLC0415 - slow to import
    from rich.tree import Tree  # noqa: PLC0415 - slow to import

    def branch(chapter: "Chapter") -> Text:
        when = "" if chapter.at is None else chapter.at.strftime("%H:%M:%S.%f")[:-3]
        return Text.assemble(
            (when, "dim"), " ", (chapter.kind, "bold"), " ", (chapter.id[:20], "cyan"), f"  {chapter.words}"
        )

    def grow(tree: Tree, chapter: "Chapter") -> None:
        for after in chapter.followed:
            grow(tree.add(branch(after)), after)

    for chapter in chapters:
        tree = Tree(branch(chapter))
        grow(tree, chapter)
        Console().print(tree)


def _print_verdicts(found: "Evidence", verdicts: "Verdicts") -> None:
    typer.echo(f"findings: {', '.join(found.finding_ids) or 'none'}")
    record = None
    for check in verdicts.checks:
        if check.record != record:
            typer.echo(f"{check.kind} {check.record}")
            record = check.record
        typer.echo(f"  {'ok    ' if check.passed else 'FAILED'} {check.step:10} {check.words}")
    failed = len(verdicts.failures)
    typer.echo("verified" if verdicts.verified else f"NOT verified: {failed} checks failed")
