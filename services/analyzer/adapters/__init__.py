"""How the analyzer reaches target systems: with a credential for reading, and nothing else."""
