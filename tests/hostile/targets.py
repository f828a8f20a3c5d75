"""What the account of these tests holds, handed out piece by piece."""

from collections.abc import Iterator
from typing import Final

from fixgate import targets
from fixgate.events import Resource
from tests.hostile.drafting import BLOCK, KEY, PIN, REGION
from tests.local.account.world import ACCOUNT, World

BUCKETS: Final = tuple(f"hostile-{n:02}" for n in range(30))
STUBBORN: Final = tuple(f"hostile-stubborn-{n}" for n in range(6))
USERS: Final = tuple(f"ci-hostile-{n:02}" for n in range(20))
SHOPS: Final = tuple(f"acme/shop-{n:02}" for n in range(20))
WORKFLOW: Final = ".github/workflows/ci.yml"


class Targets:
    """Each is given once."""

    def __init__(self, account: World) -> None:
        self._account = account
        self._buckets, self._stubborn = iter(BUCKETS), iter(STUBBORN)
        self._users, self._shops = iter(USERS), iter(SHOPS)

    def bucket(self) -> Resource:
        """A public bucket."""
        return targets.bucket(ACCOUNT, next(self._buckets), REGION)

    def stubborn(self) -> Resource:
        """A public bucket that stays open whatever is set."""
        name = next(self._stubborn)
        self._account.account.control.public_ignored(name)
        return targets.bucket(ACCOUNT, name, REGION)

    def key(self) -> Resource:
        """An unused access key."""
        name = next(self._users)
        return targets.access_key(ACCOUNT, name, self._account.key(name)["key"])

    def workflow(self) -> Resource:
        """A workflow that uses an action by its tag."""
        return targets.workflow(f"{self._account.account.git}/{next(self._shops)}", WORKFLOW)

    def of(self, template: str) -> Resource:
        """Something for a template."""
        return {KEY: self.key, BLOCK: self.bucket, PIN: self.workflow}[template]()

    def several(self, template: str, number: int) -> Iterator[Resource]:
        """So many of them."""
        return (self.of(template) for _ in range(number))
