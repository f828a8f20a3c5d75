"""Every generated file, and the generated blocks of files that people write.

A block stands between `<!-- generated:NAME -->` and `<!-- /generated -->`; what is between them is replaced.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from fixgate.derived import accounts, cluster, diagram, identities, tables
from fixgate.errors import Misconfigured
from fixgate.graph import Topology
from fixgate.naming import Naming
from fixgate.topology import PIPELINE

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: generating is something that is done in one."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "README.md": ("diagram", "topics", "parties", "commands"),
    "docs/operations.md": ("metrics", "settings"),
}
"""The blocks that these documents must have, once they exist."""

_BLOCK = re.compile(r"(<!-- generated:([\w-]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)


def blocks(topology: Topology) -> dict[str, str]:
    """The text of each block by its name."""
    return {
        "diagram": f"```mermaid\n{diagram.mermaid(topology)}\n```",
        "topics": tables.topics(topology),
        "parties": tables.parties(topology),
        "commands": tables.commands_table(),
        "metrics": tables.metrics_table(),
        "settings": tables.settings_table(),
    }


def whole_files(topology: Topology, naming: Naming) -> dict[str, str]:
    """The text of each file that is generated whole, by its path from the root."""
    return {
        "deploy/kafka/topics.yaml": cluster.topics_yaml(topology, naming),
        "deploy/kafka/acls.yaml": cluster.acls_yaml(topology, naming),
        "deploy/kafka/broker.properties": cluster.broker_properties(topology, naming),
        "deploy/aws/roles.json": accounts.aws_roles(naming),
        "deploy/identity/spire-entries.json": identities.spire_entries(topology, naming),
        "deploy/identity/cluster-spiffe-ids.yaml": identities.cluster_spiffe_ids(topology, naming),
    }


def filled(text: str, texts: Mapping[str, str], *, required: tuple[str, ...] = (), name: str = "it") -> str:
    """The document with its blocks filled in; raises `Misconfigured` for an unknown, missing or unclosed block."""
    found = [match.group(2) for match in _BLOCK.finditer(text)]
    if len(found) != text.count("<!-- generated:"):
        raise Misconfigured(f"{name} has a generated block that is not closed by <!-- /generated -->")
    unknown = set(found) - texts.keys()
    if unknown:
        raise Misconfigured(
            f"{name} has blocks that nobody generates: {', '.join(sorted(unknown))}",
            remedy=f"There are {', '.join(sorted(texts))}.",
        )
    missing = [block for block in required if block not in found]
    if missing:
        raise Misconfigured(
            f"{name} lacks the generated block {', '.join(missing)}",
            remedy=f"Add <!-- generated:{missing[0]} --> and <!-- /generated --> on lines of their own.",
        )
    return _BLOCK.sub(lambda match: f"{match.group(1)}{texts[match.group(2)]}\n{match.group(3)}", text)


def expected(root: Path = ROOT, topology: Topology = PIPELINE) -> dict[Path, str]:
    """What each file should hold; a document that does not exist yet is none of them."""
    made = {root / path: text for path, text in whole_files(topology, Naming()).items()}
    texts = blocks(topology)
    documents = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    for document in documents:
        if document.is_file():
            name = str(document.relative_to(root))
            text = document.read_text(encoding="utf-8")
            made[document] = filled(text, texts, required=REQUIRED.get(name, ()), name=name)
    return made
