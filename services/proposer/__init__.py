"""The proposer."""
