"""The proposer: fills in pre-approved templates with what is on offer, and nothing else."""
