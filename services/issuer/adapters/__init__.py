"""Where the issuer touches the world: the systems that make credentials."""
