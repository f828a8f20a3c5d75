"""A git host: reading is open, pushing needs a token, and a token is for one branch of one repository until a time.

git itself serves (`git http-backend`); before it does, the commands of a push are read here and each ref compared with
the token's. Pushes and revocations take turns: when a revocation has been answered, nothing more is written with it.
"""

import json
import re
import subprocess
import threading
import time
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fixgate.local.account import GIT_AUDIENCE
from fixgate.local.account.faults import Dropped, Faults
from fixgate.local.account.git_tokens import BranchToken, NoToken, Tokens, folder_of, name_of
from fixgate.local.account.messages import Answer, Denial, Request
from fixgate.local.account.pkt import NotAPush, pushed_refs, unzipped
from fixgate.local.account.repositories import ENVIRONMENT, default_branch
from fixgate.local.account.tokens import Authority, Invalid

_SERVICE = re.compile(r"(?P<repository>/[^/]+/[^/]+)/(?P<what>info/refs|git-upload-pack|git-receive-pack)")
_READ, _WRITE = "git-upload-pack", "git-receive-pack"
_TIMEOUT_S = 60
Note = Callable[[str, str, str, str], None]
"""Told the caller, the action, the resource and the outcome of each push and token."""


class GitHost:
    """Answers for all repositories under `root`. `issuer` is the SPIFFE ID that may ask for tokens."""

    def __init__(
        self,
        root: Path,
        authority: Authority,
        issuer: str,
        faults: Faults,
        note: Note,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.lock = threading.RLock()
        self.root = root
        self.tokens = Tokens(lambda name: default_branch(folder_of(root, name)), clock)
        self._authority = authority
        self._issuer = issuer
        self._faults = faults
        self._note = note

    def answer(self, request: Request) -> Answer:
        """Answer one request; raises Dropped when it gets none."""
        try:
            self._faults.arrive(throttled=False)
            if request.path == "/_tokens" or request.path.startswith("/_tokens/"):
                with self.lock:
                    return self._administer(request)
            return self._serve(request)
        except Denial as denial:
            headers = [("Content-Type", "text/plain")]
            if denial.status == 401:  # noqa: PLR2004 - HTTP's number
                headers.append(("WWW-Authenticate", 'Bearer realm="git"'))
            return Answer(status=denial.status, headers=headers, body=f"{denial.message}\n".encode())

    # Tokens.

    def _administer(self, request: Request) -> Answer:
        try:
            caller = self._authority.subject(_bearer(request), GIT_AUDIENCE)
        except Invalid as error:
            raise Denial(401, "Unauthorized", str(error)) from None
        if caller != self._issuer:
            raise Denial(403, "Forbidden", f"{caller} gives out no tokens")
        if request.method == "DELETE":
            gone = self.tokens.revoke(request.path.removeprefix("/_tokens/"))
            self._note(caller, "git:RevokeToken", request.path, "ok" if gone else "404")
            return Answer(status=204 if gone else 404)
        if request.method != "POST" or request.path != "/_tokens":
            raise Denial(405, "MethodNotAllowed", "tokens are posted and deleted")
        repository, ref, until = _wanted(request)
        try:
            token, text = self.tokens.give(repository, ref, until)
        except NoToken as error:
            self._note(caller, "git:CreateToken", f"{repository} {ref}", "400")
            raise Denial(400, "BadRequest", str(error)) from None
        self._note(caller, "git:CreateToken", f"{repository} {ref}", "ok")
        body = {"id": token.id, "token": text, "repository": repository, "ref": ref, "until": until}
        return Answer(status=201, headers=[("Content-Type", "application/json")], body=json.dumps(body).encode())

    # Repositories.

    def _serve(self, request: Request) -> Answer:
        found = _SERVICE.fullmatch(request.path)
        name = name_of(found["repository"]) if found else None
        if found is None or name is None or not folder_of(self.root, name).is_dir():
            raise Denial(404, "NotFound", "there is no such repository")
        what = found["what"]
        if what == "info/refs":
            service = request.query.removeprefix("service=")
            if request.method != "GET" or service not in (_READ, _WRITE):
                raise Denial(403, "Forbidden", "only git's own transport is served")
            if service == _WRITE:
                self._token(request, name)
            return self._backend(request, name, what, pushing=service == _WRITE)
        if request.method != "POST" or request.query:
            raise Denial(405, "MethodNotAllowed", "git posts here")
        return self._backend(request, name, what, pushing=False) if what == _READ else self._push(request, name)

    def _push(self, request: Request, name: str) -> Answer:
        body = request.body
        try:
            if request.headers.get("content-encoding") == "gzip":
                body = unzipped(body)
            refs = pushed_refs(body)
        except NotAPush as error:
            raise Denial(400, "BadRequest", str(error)) from None
        with self.lock:
            token = self._token(request, name)
            if any(ref != token.ref for ref in refs):
                self._note(f"token {token.id}", "git:Push", f"{name} {' '.join(refs)}"[:500], "403")
                raise Denial(403, "Forbidden", f"this token is for {token.ref} alone")
            lost = bool(refs) and self._faults.before_write()
            answer = self._backend(request, name, _WRITE, pushing=True)
            if refs:
                self._note(f"token {token.id}", "git:Push", f"{name} {token.ref}", "lost" if lost else "ok")
        if lost:
            raise Dropped
        return answer

    def _token(self, request: Request, name: str) -> BranchToken:
        token = self.tokens.find(_bearer(request))
        if token is None:
            raise Denial(401, "Unauthorized", "pushing needs a token that is in force")
        if token.repository != name:
            raise Denial(403, "Forbidden", "this token is for another repository")
        return token

    def _backend(self, request: Request, name: str, what: str, *, pushing: bool) -> Answer:
        environment = {
            **ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{name}.git/{what}",
            "QUERY_STRING": request.query,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
            # Without a user git takes no push.
            **({"REMOTE_USER": "token"} if pushing else {}),
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=request.body,
            env=environment,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode("latin-1").split("\r\n") if ": " in line]
        status = next((int(v.split()[0]) for k, v in headers if k == "Status"), 200 if headers else 500)
        return Answer(status=status, headers=[(k, v) for k, v in headers if k != "Status"], body=body)


def _wanted(request: Request) -> tuple[str, str, float]:
    try:
        fields: Mapping[str, Any] = json.loads(request.body)
        address, ref, until = str(fields["repository"]), str(fields["ref"]), fields["until"]
        moment = until if isinstance(until, int | float) else datetime.fromisoformat(str(until)).timestamp()
    except (ValueError, KeyError, TypeError):
        raise Denial(400, "BadRequest", "wanted: repository, ref, until (seconds or ISO 8601)") from None
    own = f"http://{request.headers.get('host', '')}/"
    name = name_of(address.removeprefix(own))
    if name is None:
        raise Denial(400, "BadRequest", "the repository is not one of this host")
    return name, ref, float(moment)


def _bearer(request: Request) -> str:
    """The token of a request, sent as bearer or as the password of any user; empty without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return b64decode(value, validate=True).decode().partition(":")[2]
        except (NotBase64, UnicodeDecodeError):
            return ""
    return ""
