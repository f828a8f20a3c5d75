"""What the executor touches: the issuer, the target systems, the snapshot store."""
