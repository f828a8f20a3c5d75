"""Who gets which identity from SPIRE: registration entries for machines, ClusterSPIFFEIDs for Kubernetes.

Each party has a user of its own on a machine and a service account of its own in Kubernetes: that, and nothing a party
says of itself, decides which identity it gets.
"""

import json
from typing import Any

import yaml

from fixgate.derived.cluster import HEADER
from fixgate.graph import Party, Topology
from fixgate.naming import Naming

X509_TTL_S = 3600
NAMESPACE = "fixgate"


def spire_entries(topology: Topology, naming: Naming) -> str:
    """Input of `spire-server entry create -data`; the parent is an alias for the nodes that run this project."""
    entries = [
        {
            "spiffe_id": naming.spiffe_id(party),
            "parent_id": f"spiffe://{naming.trust_domain}/fixgate-node",
            "selectors": [{"type": "unix", "value": f"user:{account(party)}"}],
            "x509_svid_ttl": X509_TTL_S,
            "jwt_svid_ttl": party.token_seconds,
            **({"dns_names": [party.dns_name]} if party.dns_name else {}),
        }
        for party in topology.parties.values()
    ]
    return json.dumps({"entries": entries}, indent=2) + "\n"


def cluster_spiffe_ids(topology: Topology, naming: Naming) -> str:
    """Resources of the SPIRE controller manager, one document for each party."""
    documents = [_cluster_spiffe_id(party, naming) for party in topology.parties.values()]
    return HEADER + yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True, width=120)


def account(party: Party) -> str:
    """The party's user on a machine and its service account in Kubernetes."""
    return f"fixgate-{party.name}"


def _cluster_spiffe_id(party: Party, naming: Naming) -> dict[str, Any]:
    return {
        "apiVersion": "spire.spiffe.io/v1alpha1",
        "kind": "ClusterSPIFFEID",
        "metadata": {"name": account(party)},
        "spec": {
            "spiffeIDTemplate": naming.spiffe_id(party),
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
            "podSelector": {
                "matchLabels": {"app.kubernetes.io/part-of": "fixgate", "app.kubernetes.io/name": party.name}
            },
            # Labels can be set by whoever may start a pod; the service account is what the agent attests.
            "workloadSelectorTemplates": [f"k8s:ns:{NAMESPACE}", f"k8s:sa:{account(party)}"],
            "ttl": f"{X509_TTL_S // 3600}h",
            "jwtTtl": f"{party.token_seconds}s",
            **({"dnsNameTemplates": [party.dns_name]} if party.dns_name else {}),
        },
    }
