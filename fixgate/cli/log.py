"""`fixgate log …`: verify the log, prove that a record is in it, and be a witness of it."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fixgate.errors import EXIT_REFUSED, Misconfigured, Unavailable

if TYPE_CHECKING:
    from fixgate.log.audit import Keys, Progress, Report
    from fixgate.log.places import Places
    from fixgate.log.proof import Dated
    from fixgate.log.serving import WitnessServer

app = typer.Typer(name="log", help="The transparency log.", no_args_is_help=True)

Location = Annotated[str, typer.Argument(metavar="[DIR|s3://…]", help="The log; without it, this deployment's.")]
LogKey = Annotated[str, typer.Option("--key", metavar="KEY", help="The log's verifier key, or a file that holds it.")]
WitnessKeys = Annotated[
    list[str] | None,
    typer.Option("--witness-key", metavar="KEY", help="A trusted witness's verifier key or file; may be repeated."),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]


@app.command()
def verify(
    location: Location = "",
    *,
    key: LogKey = "",
    witness_key: WitnessKeys = None,
    older: Annotated[
        Path | None, typer.Option("--against", help="An older checkpoint that the log must follow.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the whole log: hashes, signatures, that no record is missing, doubled or moved; exit 1 when it fails."""
    import json  # noqa: PLC0415 - not needed for help

    from fixgate.log.audit import audit  # noqa: PLC0415 - slow to import
    from fixgate.log.storage import open_store  # noqa: PLC0415 - slow to import

    keys = verification_keys(key, witness_key)
    with _progress() as progress:
        report = audit(open_store(location or _places().log), keys, older=_read(older), progress=progress)
    if as_json:
        typer.echo(json.dumps(_described(report), indent=2))
    else:
        _print(report)
    if not report.verified:
        raise typer.Exit(EXIT_REFUSED)


@app.command()
def prove(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="The record: sha256: and 64 hexadecimal digits.")],
    location: Location = "",
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; without it, standard output.")
    ] = None,
    key: LogKey = "",
    witness_key: WitnessKeys = None,
) -> None:
    """Write the proof that a record is in the log, for somebody who has not got the log."""
    from fixgate.log.proof import prove as make  # noqa: PLC0415 - slow to import
    from fixgate.log.storage import open_store  # noqa: PLC0415 - slow to import

    data = make(open_store(location or _places().log), verification_keys(key, witness_key), digest)
    if output is None:
        typer.echo(data.decode(), nl=False)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise Unavailable(f"{output} cannot be written: {error.strerror}") from None


@app.command("check-proof")
def check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `fixgate log prove` wrote.")],
    *,
    key: LogKey = "",
    witness_key: WitnessKeys = None,
    as_json: AsJson = False,
) -> None:
    """Check a proof, offline: prints the record, who signed it, and by when it was written; exit 1 when it fails."""
    import json  # noqa: PLC0415 - not needed for help

    from fixgate.log.proof import check  # noqa: PLC0415 - slow to import

    found = _proved(check(_read(file) or b"", verification_keys(key, witness_key)))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        typer.echo(f"{name:12} {value}")


@app.command()
def witness(
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    log: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="A log's verifier key or file to witness.")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="Folder for what has been seen; never put it back.")] = None,
    name: Annotated[str, typer.Option(help="The witness's name.")] = "",
) -> None:
    """Cosign checkpoints with the time, each only if it follows the last one; until Ctrl-C."""
    import time  # noqa: PLC0415 - not needed for help

    from fixgate.log.filesystem import FolderStore  # noqa: PLC0415 - slow to import
    from fixgate.log.keys import load_or_generate, load_public, public_path  # noqa: PLC0415 - slow to import
    from fixgate.log.note import Kind  # noqa: PLC0415 - slow to import
    from fixgate.log.serving import WitnessServer  # noqa: PLC0415 - slow to import
    from fixgate.log.witness import Witness  # noqa: PLC0415 - slow to import

    places = _places()
    known = [load_public(given) for given in log or [str(public_path(places.log_key))]]
    store = FolderStore(state or places.witness)
    with store.hold():
        signer = load_or_generate(places.witness_key, name or places.witness_name, Kind.COSIGNATURE)
        logs = {k.name: [other for other in known if other.name == k.name] for k in known}
        try:
            server = WitnessServer(Witness(signer, logs, store, time.time), port)
        except OSError as error:
            raise Unavailable(
                f"port {port} of 127.0.0.1 cannot be used: {error.strerror}", remedy="Take another one with --port."
            ) from None
        typer.echo(f"witness {signer.verifier.dump()}")
        typer.echo(f"listening on {server.url}")
        _serve(server)


def _serve(server: "WitnessServer") -> None:
    """Serve until SIGINT or SIGTERM."""
    import signal  # noqa: PLC0415 - not needed for help
    import threading  # noqa: PLC0415 - not needed for help

    # `shutdown` waits for the loop that this very thread runs: somebody else must call it.
    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _places() -> "Places":
    from fixgate.log.places import Places  # noqa: PLC0415 - slow to import
    from fixgate.settings import load  # noqa: PLC0415 - slow to import

    return Places(load())


def verification_keys(key: str, witnesses: list[str] | None) -> "Keys":
    """The keys given, else this deployment's; raises Misconfigured when there are none."""
    from fixgate.log.audit import Keys  # noqa: PLC0415 - slow to import
    from fixgate.log.keys import load_public, public_path  # noqa: PLC0415 - slow to import

    places = _places()
    own = public_path(places.log_key)
    if not key and not own.exists():
        raise Misconfigured("there is no key to verify the log with", remedy="Give the log's verifier key with --key.")
    log = load_public(key or str(own))
    local = public_path(places.witness_key)
    given = witnesses if witnesses is not None else [str(local)] if local.exists() else []
    return Keys(origin=log.name, log=(log,), witnesses=tuple(load_public(w) for w in given))


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}") from None


def _progress() -> "AbstractContextManager[Progress]":
    from fixgate.cli.counting import counted  # noqa: PLC0415 - slow to import

    return counted("leaves")


def _described(report: "Report") -> dict[str, Any]:
    import base64  # noqa: PLC0415 - not needed for help
    from dataclasses import asdict  # noqa: PLC0415 - not needed for help

    from fixgate.log.audit import iso  # noqa: PLC0415 - slow to import

    head = report.head
    return {
        "verified": report.verified,
        "origin": head.origin if head else None,
        "size": head.size if head else None,
        "root": base64.b64encode(head.root).decode() if head else None,
        "records": report.records,
        "bundles": report.bundles,
        "time": report.time,
        "problems": [asdict(problem) for problem in report.problems],
        "warnings": list(report.warnings),
        "cosignatures": [
            {"size": w.size, "witness": w.cosignature.witness, "time": iso(w.cosignature.time)}
            for w in report.cosignatures
        ],
    }


def _print(report: "Report") -> None:
    head = report.head
    if head is not None:
        typer.echo(f"{head.origin}: {head.size} leaves, {report.records} records, {report.bundles} trust bundles")
        typer.echo(f"time: {report.time}")
    for warning in report.warnings:
        typer.echo(f"note: {warning}")
    for problem in report.problems:
        typer.echo(f"{problem.fault}: {problem.message}")
    typer.echo("verified" if report.verified else f"NOT verified: {len(report.problems)} problems")


def _proved(dated: "Dated") -> dict[str, Any]:
    from fixgate.log.audit import ASSERTED, iso  # noqa: PLC0415 - slow to import

    leaf, cosignature = dated.leaf, dated.cosignature
    return {
        "record": leaf.digest,
        "verdict": leaf.verdict,
        "signer": leaf.signer,
        "topic": f"{leaf.topic} partition {leaf.partition} offset {leaf.offset}",
        "leaf": f"{dated.index} of {dated.signed.head.size} in {dated.signed.head.origin}",
        "written": ASSERTED if cosignature is None else f"before {iso(cosignature.time)}, says {cosignature.witness}",
    }
