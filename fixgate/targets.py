"""What a change would lock: one function from a target to its lock key, used by every service.

| kind of target    | id                                                        | lock key                          |
|-------------------|-----------------------------------------------------------|-----------------------------------|
| `aws.iam.access_key` | `arn:aws:iam::<account>:user/<path and name>#<key id>` | the user's ARN                    |
| `aws.s3.bucket`   | `arn:aws:s3:::<name>`                                     | the bucket's ARN                  |
| `git.workflow`    | `<clone address>#<path>`                                  | `git:<clone address>`             |

A report may name an access key by its id alone: then the id is that, until a reader has found its user, and there is
no lock key.
"""

from fixgate.events import Resource

ACCESS_KEY = "aws.iam.access_key"
BUCKET = "aws.s3.bucket"
WORKFLOW = "git.workflow"


def access_key(account: str, user: str, key_id: str) -> Resource:
    """The access key of a user (`user` with its path, without a leading slash)."""
    return Resource(kind=ACCESS_KEY, id=f"arn:aws:iam::{account}:user/{user}#{key_id}", account=account, region=None)


def bare_access_key(key_id: str, account: str | None) -> Resource:
    """An access key whose user is not known yet."""
    return Resource(kind=ACCESS_KEY, id=key_id, account=account, region=None)


def is_resolved(target: Resource) -> bool:
    """Whether the id says everything that a reader needs."""
    whole, part = parts(target)
    match target.kind:
        case "aws.iam.access_key":
            return bool(part) and whole.startswith("arn:") and ":user/" in whole
        case "aws.s3.bucket":
            return whole.startswith("arn:") and not part
        case "git.workflow":
            return bool(whole and part)
        case _:
            return False


def bucket(account: str | None, name: str, region: str | None) -> Resource:
    """A bucket."""
    return Resource(kind=BUCKET, id=f"arn:aws:s3:::{name}", account=account, region=region)


def workflow(repository: str, path: str) -> Resource:
    """A workflow file of a repository, by its clone address."""
    return Resource(kind=WORKFLOW, id=f"{repository}#{path}", account=None, region=None)


def parts(target: Resource) -> tuple[str, str]:
    """What stands before and after the last `#` of the id; the second is empty when there is none."""
    whole, _, part = target.id.rpartition("#") if "#" in target.id else (target.id, "", "")
    return whole, part


def lock_key(target: Resource) -> str:
    """The aggregate that a change of the target locks; raises ValueError for a kind that has none.

    So it does for an id that is not complete: a lock of something else would be none.
    """
    if target.kind in {ACCESS_KEY, BUCKET, WORKFLOW} and not is_resolved(target):
        raise ValueError(f"the id of this {target.kind} is not complete")
    whole, _ = parts(target)
    match target.kind:
        case "aws.iam.access_key" | "aws.s3.bucket":
            return whole
        case "git.workflow":
            return f"git:{whole}"
        case _:
            raise ValueError(f"nothing is known to lock for a {target.kind}")


def unresolved_lock_key(problem_key: str) -> str:
    """The lock key of a problem whose target could not be made out: nothing is ever changed under it."""
    return f"unresolved:{problem_key}"
