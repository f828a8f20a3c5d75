"""What the proposer asks outside: a model that picks, and copies to rehearse on."""
