"""The development identity authority: a SPIFFE Workload API with one private socket per identity. Never production.

It gives an identity to whoever can open its socket, and all sockets belong to one user: a process of that user can
have any identity. `config.py` says what it is told, `keys.py` keeps its keys, `issue.py` makes SVIDs and bundles,
`workload_api.py` answers clients, `server.py` opens the sockets and obeys signals. SPIRE takes its place elsewhere.
"""

NAME = "authority"


def issuer(trust_domain: str) -> str:
    """The `iss` of the authority's JWT-SVIDs: its trust domain's SPIFFE ID."""
    return f"spiffe://{trust_domain}"
