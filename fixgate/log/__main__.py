"""The log as a process, `python -m fixgate.log`: follows every signed topic as the identity `/fixgate/log`.

`--check` validates settings, identity, keys and the log that is there, and exits: 0 when it could start.
"""

import sys
from collections.abc import Sequence
from threading import Event

from fixgate.log.client import WitnessClient
from fixgate.log.follower import Follower, Pace, Sources, follow
from fixgate.log.keys import load_or_generate, load_public
from fixgate.log.note import Kind, NoteSigner
from fixgate.log.places import Places
from fixgate.log.reading import RecordJudge
from fixgate.log.storage import open_store
from fixgate.log.writer import Log
from fixgate.process import Process, checking, run
from fixgate.registry import codec_from
from fixgate.telemetry import Alarm
from fixgate.topology import LOG, PIPELINE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code (`errors.py`)."""
    check = checking("python -m fixgate.log", __doc__, arguments)

    def serve(process: Process) -> None:
        with process.connected(PIPELINE.party(LOG)) as (identity, broker):
            sources = Sources(
                broker=broker,
                topics=Places(process.settings).topics(PIPELINE),
                judge=RecordJudge(PIPELINE, process.naming, codec_from(process.settings), identity.trust),
                trust=identity.trust,
            )
            _follow(_Opened(process, sources), process.stop, check=check)

    return run(LOG, serve)


class _Opened:
    """The log and its follower, opened anew after each error that may pass."""

    def __init__(self, process: Process, sources: Sources) -> None:
        settings = process.settings
        self._places = Places(settings)
        self._telemetry = process.telemetry
        self._sources = sources
        self._archive = process.objects()
        self._store = open_store(self._places.log)
        self._pace = Pace(interval=settings.log_interval)
        self._signer = load_or_generate(self._places.log_key, self._places.origin, Kind.ED25519)
        self._witness = _witness(process, self._places, self._signer)
        self._log: Log | None = None

    def open(self) -> Follower:
        """A follower that begins where the published log ends."""
        self._log = Log(self._store, self._signer)
        return Follower(
            self._log,
            self._sources,
            self._archive,
            cache=self._places.positions,
            witness=self._witness,
            pace=self._pace,
            tell=lambda message: self._telemetry.log.alarm(Alarm.LOG, message),
        )

    def close(self) -> None:
        """Let go of the log."""
        if self._log is not None:
            self._log.close()
            self._log = None


def _follow(opened: _Opened, stop: Event, *, check: bool) -> None:
    if not check:
        follow(opened.open, opened.close, stop)
        return
    try:
        opened.open().close()
    finally:
        opened.close()


def _witness(process: Process, places: Places, signer: NoteSigner) -> WitnessClient | None:
    settings = process.settings
    if not settings.log_witness_url:
        return None
    key = settings.log_witness_key or str(places.witness_key.with_name(places.witness_key.name + ".pub"))
    return WitnessClient(settings.log_witness_url, load_public(key), signer.verifier)


if __name__ == "__main__":
    sys.exit(main())
