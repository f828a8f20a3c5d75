"""Each generated file equals what is generated now, says what the topology says, and is in the format it claims."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixgate.derived import diagram, tables
from fixgate.derived.acls import grants
from fixgate.derived.files import ROOT, blocks, expected, filled, whole_files
from fixgate.derived.topics import specs
from fixgate.errors import Misconfigured
from fixgate.naming import Naming
from fixgate.topology import PIPELINE

FILES = whole_files(PIPELINE, Naming())


def documents(path: str) -> list[dict[str, Any]]:
    """The documents of a YAML file as it stands in the checkout."""
    return list(yaml.safe_load_all((ROOT / path).read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", sorted(str(p.relative_to(ROOT)) for p in expected()))
def test_the_file_in_the_checkout_is_the_generated_one(path: str) -> None:
    """What stands in the checkout is what the topology gives; `python -m fixgate.derived` writes it."""
    assert (ROOT / path).read_text(encoding="utf-8") == expected()[ROOT / path]


def test_a_difference_is_found_and_shown(tmp_path: Path) -> None:
    """`--check` exits with 1 and a diff when a file was edited, and with 0 once it was generated again."""
    # A copy: the checkout itself is other tests' too.
    for name in ("fixgate", "schemas"):
        (tmp_path / name).symlink_to(ROOT / name)
    derived = tmp_path / "run.py"
    derived.write_text(
        "import sys, pathlib\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from fixgate.derived import files, __main__ as program\n"
        "here = pathlib.Path(__file__).parent\n"
        "program.ROOT = here\n"
        "program.expected = lambda: files.expected(here)\n"
        "sys.exit(program.main(sys.argv[1:]))\n"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(derived), *arguments], capture_output=True, text=True, check=False)

    assert run("--check").returncode == 1
    assert run().returncode == 0
    assert run("--check").returncode == 0
    edited = tmp_path / "deploy/kafka/acls.yaml"
    edited.write_text(edited.read_text().replace("- READ", "- ALL", 1))
    found = run("--check")
    assert found.returncode == 1
    assert "-    - ALL" in found.stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<!-- generated:nonsense -->\n<!-- /generated -->", "nobody generates: nonsense"),
        ("<!-- generated:topics -->\nnever closed", "not closed"),
        ("no block at all", "lacks the generated block topics"),
    ],
)
def test_a_document_with_broken_blocks_is_refused(text: str, why: str) -> None:
    """A misspelt, unclosed or missing block is an error, not a table that is never renewed."""
    with pytest.raises(Misconfigured, match=why):
        filled(text, blocks(PIPELINE), required=("topics",))


def test_blocks_are_filled_and_the_rest_stays() -> None:
    """What people wrote around a block is left as it is; filling twice changes nothing."""
    text = "a\n<!-- generated:x -->\nold\n<!-- /generated -->\nb\n<!-- generated:y -->\n<!-- /generated -->\n"
    once = filled(text, {"x": "X", "y": r"Y\1"})
    assert once == (
        "a\n<!-- generated:x -->\nX\n<!-- /generated -->\nb\n<!-- generated:y -->\nY\\1\n<!-- /generated -->\n"
    )
    assert filled(once, {"x": "X", "y": r"Y\1"}) == once


def test_topics_file_holds_every_topic_and_no_other() -> None:
    """The Strimzi resources are the topology's topics, with valid Kubernetes names."""
    found = {d["spec"]["topicName"]: d for d in documents("deploy/kafka/topics.yaml")}
    wanted = {spec.name: spec for spec in specs(PIPELINE, Naming(), 3)}
    assert found.keys() == wanted.keys()
    for name, document in found.items():
        assert (document["apiVersion"], document["kind"]) == ("kafka.strimzi.io/v1", "KafkaTopic")
        assert document["metadata"]["name"].replace(".", "").replace("-", "").isalnum()
        assert document["spec"]["partitions"] == wanted[name].partitions
        told = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in document["spec"]["config"].items()}
        assert told == dict(wanted[name].config)


def test_acls_file_holds_every_grant_and_no_other() -> None:
    """The Jikkou resources are the grants; whoever is granted nothing is listed with nothing."""
    found = {
        (d["metadata"]["name"], a["resource"]["type"], a["resource"]["pattern"], a["resource"]["patternType"], o)
        for d in documents("deploy/kafka/acls.yaml")
        for a in d["spec"]["acls"]
        for o in a["operations"]
        if a["type"] == "ALLOW" and a["host"] == "*"
    }
    kinds = {"topic": "TOPIC", "group": "GROUP", "transactionalId": "TRANSACTIONAL_ID"}
    assert found == {
        (
            f"User:{g.principal}",
            kinds[g.resource.value],
            g.name,
            "PREFIXED" if g.prefixed else "LITERAL",
            g.operation.value.upper(),
        )
        for g in grants(PIPELINE, Naming())
    }
    nothing = [d["metadata"]["name"] for d in documents("deploy/kafka/acls.yaml") if not d["spec"]["acls"]]
    assert nothing == ["User:spiffe://fixgate.internal/fixgate/doctor"]


def test_every_party_has_an_identity_of_its_own() -> None:
    """One registration entry and one ClusterSPIFFEID each, and no two share a user or a service account."""
    wanted = {f"spiffe://fixgate.internal/fixgate/{name}" for name in PIPELINE.parties}
    entries = json.loads((ROOT / "deploy/identity/spire-entries.json").read_text(encoding="utf-8"))["entries"]
    assert {e["spiffe_id"] for e in entries} == wanted
    assert len({json.dumps(e["selectors"]) for e in entries}) == len(wanted)
    resources = documents("deploy/identity/cluster-spiffe-ids.yaml")
    assert {d["spec"]["spiffeIDTemplate"] for d in resources} == wanted
    assert len({tuple(d["spec"]["workloadSelectorTemplates"]) for d in resources}) == len(wanted)


def test_broker_properties_keep_the_door_shut() -> None:
    """The settings without which a law would not hold on the wire are there, each once."""
    text = FILES["deploy/kafka/broker.properties"].replace("\\\n", "")
    pairs = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")]
    properties = dict(pairs)
    assert len(properties) == len(pairs)
    assert properties["allow.everyone.if.no.acl.found"] == "false"
    assert properties["authorizer.class.name"].endswith("StandardAuthorizer")
    assert properties["auto.create.topics.enable"] == "false"
    assert properties["sasl.oauthbearer.expected.audience"] == "kafka"
    assert properties["sasl.oauthbearer.expected.issuer"]
    assert properties["listener.name.client.oauthbearer.sasl.server.callback.handler.class"].endswith(
        ".OAuthBearerValidatorCallbackHandler"
    )
    assert properties["super.users"] == "User:spiffe://fixgate.internal/fixgate/provisioner"
    assert int(properties["message.max.bytes"]) >= max(
        int(s.config["max.message.bytes"]) for s in specs(PIPELINE, Naming(), 1)
    )


def test_the_diagram_shows_each_topic_between_its_writer_and_its_readers() -> None:
    """Every topic but state and dead letters is on an arrow that begins at its writer."""
    labelled = [line.strip().split("|") for line in diagram.mermaid(PIPELINE).splitlines() if "|" in line]
    for topic in PIPELINE.topics.values():
        if topic.name.endswith((".state", ".rejected")):
            continue
        begins = [start for start, topics, _ in labelled if topic.name in topics.split(", ")]
        writers = {writer.replace("-", "_") for writer in PIPELINE.writers[topic.name]}
        assert {start.split()[0] for start in begins} == writers, topic.name


def test_trace_edges_are_the_pipelines_steps() -> None:
    """The edges that traces must show, written out by hand."""
    assert diagram.trace_edges(PIPELINE) == {
        ("scanner", "findings.raw", "ingest"),
        ("receiver", "findings.raw", "ingest"),
        ("ingest", "findings", "analyzer"),
        ("executor", "outcomes", "analyzer"),
        ("analyzer", "assessments", "proposer"),
        ("gate", "reviews", "proposer"),
        ("executor", "outcomes", "proposer"),
        ("desk", "requests", "proposer"),
        ("proposer", "proposals", "gate"),
        ("desk", "approvals", "gate"),
        ("executor", "outcomes", "gate"),
        ("gate", "decisions", "issuer"),
        ("gate", "decisions", "executor"),
    }


def test_the_words_for_desk_and_log_are_true() -> None:
    """The table says in words what desk and log read, because listing it would hide what matters."""
    topics = PIPELINE.topics.values()
    assert set(PIPELINE.party("desk").reads) == {t.name for t in topics if t.name != "findings.raw"}
    assert set(PIPELINE.party("log").reads) == {t.name for t in topics if t.signed}
    assert "everything but `findings.raw`" in tables.parties(PIPELINE)


def test_tables_have_a_row_for_each() -> None:
    """Parties, topics, metrics and settings: nothing is left out, and no cell breaks the table."""
    for name in PIPELINE.parties:
        assert f"| `{name}` |" in tables.parties(PIPELINE)
    for name in ("findings.raw", "decisions", "controls"):
        assert f"| `{name}` |" in tables.topics(PIPELINE)
    for text in (tables.parties(PIPELINE), tables.topics(PIPELINE), tables.metrics_table(), tables.settings_table()):
        assert len({line.replace("\\|", "").count("|") for line in text.splitlines()}) == 1
