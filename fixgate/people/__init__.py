"""People, whose own signatures count: the roster, statements, SSH signatures (PROTOCOL.sshsig) in one namespace."""
