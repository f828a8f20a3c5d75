"""How the executor asks the issuer for a credential: gRPC with mutual TLS, both sides known by their X.509-SVIDs.

`client.Issuer` is the executor's side, `server.MintServer` the issuer's; `mint.proto` is what passes between them.
"""

from fixgate.minting.client import Issuer, Minted, NotMinted

__all__ = ["Issuer", "Minted", "NotMinted"]
