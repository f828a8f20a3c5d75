"""Deactivate an access key of an IAM user."""
