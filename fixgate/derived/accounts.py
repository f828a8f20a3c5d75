"""The roles that an AWS account needs, as the emulated account has them: with an account's number to be filled in."""

import json

from fixgate.local.account import ACCOUNT
from fixgate.local.account.roles import pipeline_roles
from fixgate.naming import Naming

NUMBER = "ACCOUNT"
"""Stands where the account's number is to stand."""


def aws_roles(naming: Naming) -> str:
    """Each role with its trust policy and what it may at the most, as JSON."""
    roles = pipeline_roles(naming.trust_domain)
    made = {role.name: {"trust": role.trust, "policies": dict(role.policies)} for role in roles}
    return json.dumps(made, indent=2).replace(ACCOUNT, NUMBER) + "\n"
