"""The registry option against a real Apicurio; opt-in, by the folder of an unpacked distribution.

`FIXGATE_TEST_APICURIO` names it: what `apicurio-registry-app-3.0.9-all.tar.gz` from Maven Central unpacks to.
"""

import http.client
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.errors import Misconfigured
from fixgate.events import RECORDS, StateEntry
from fixgate.registry import Registry, codec_from, register_all, subject_of
from fixgate.schemas import SchemaFolder
from fixgate.settings import Settings

DISTRIBUTION = os.environ.get("FIXGATE_TEST_APICURIO", "")
READY_SECONDS = 60.0

pytestmark = pytest.mark.skipif(not DISTRIBUTION, reason="FIXGATE_TEST_APICURIO names no distribution")


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(port: int) -> bool:
    """True when the registry says so."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/apis/ccompat/v7/subjects")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of our own, in memory."""
    (jar,) = Path(DISTRIBUTION).rglob("apicurio-registry-app-*-runner.jar")
    port = free_port()
    log = (tmp_path_factory.mktemp("apicurio") / "log").open("wb")
    command = ["java", f"-Dquarkus.http.port={port}", "-Dquarkus.http.host=127.0.0.1", "-Xmx384m", "-jar", str(jar)]
    with log, subprocess.Popen(command, stdout=log, stderr=log, cwd=jar.parent) as process:
        try:
            deadline = time.monotonic() + READY_SECONDS
            while not is_ready(port):
                assert process.poll() is None, "the registry has stopped"
                assert time.monotonic() < deadline, "the registry is not ready"
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/apis/ccompat/v7"
        finally:
            process.terminate()
            process.wait()


def test_a_registry_that_was_not_filled_is_a_refusal_to_start(address: str) -> None:
    """Under this prefix nobody has registered anything."""
    with pytest.raises(Misconfigured, match="lacks the current schema"):
        codec_from(Settings(schema_registry_url=address, prefix="nobody."))


def test_the_registry_itself_refuses_what_is_not_compatible(address: str) -> None:
    """It was told to hold FULL_TRANSITIVE: ours is not the only check."""
    folder, registry = SchemaFolder(), Registry(address)
    register_all(registry, folder, "strict.")
    schema = folder.resolved("StateEntry")
    broken = {**schema, "fields": [*schema["fields"], {"name": "new", "type": "string"}]}
    with pytest.raises(Misconfigured, match="incompatible"):
        registry.register("strict.StateEntry", broken)


def test_records_travel_with_the_registrys_ids(address: str) -> None:
    """Registered twice without a difference, looked up, written, read; a newer version is fetched when it is met."""
    folder, registry = SchemaFolder(), Registry(address)
    ids = register_all(registry, folder, "fixgate.")
    assert register_all(registry, folder, "fixgate.") == ids
    assert set(ids) == {subject_of("fixgate.", record) for record in RECORDS}
    codec = codec_from(Settings(schema_registry_url=address))
    entry = StateEntry(value=b"v", input="tick")
    value = codec.encode(entry)
    assert value[1:5] == ids["fixgate.StateEntry"].to_bytes(4, "big")
    assert codec.decode(value, StateEntry) == entry
    schema = folder.resolved("StateEntry")
    newer = {**schema, "fields": [*schema["fields"], {"name": "note", "type": "string", "default": "", "doc": "N."}]}
    met = registry.register("fixgate.StateEntry", newer)
    assert codec.decode(b"\0" + met.to_bytes(4, "big") + value[5:] + b"\x08note", StateEntry) == entry
