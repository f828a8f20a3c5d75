"""The emulated account: moto behind a front that enforces what moto does not, and a git host. Never production.

A request comes in at `front.py`: `signature.py` says whether its signature is right, `callers.py` who that is,
`iam_calls.py` and `s3_calls.py` what it asks for, `policy.py` and `conditions.py` whether that caller may, and only
then does `emulation.py` let moto answer. `sts.py` issues sessions itself. `git_host.py` serves repositories;
`faults.py` makes things go wrong on demand. What cannot be made out is denied.

The evaluator was written from AWS's documentation, and shares nothing with the code that writes policies here.
"""

NAME = "account"
ACCOUNT = "123456789012"
"""The emulated account's number."""
STS_AUDIENCE = "sts.amazonaws.com"
"""The `aud` of a JWT-SVID with which a role is taken."""
GIT_AUDIENCE = "git"
"""The `aud` of a JWT-SVID with which a token for a branch is asked for."""
