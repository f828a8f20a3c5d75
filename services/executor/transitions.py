"""How a change goes on after each report: pure functions from where it stands to where it goes next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.events import IntentPurpose, Result, Reversibility, Warrant
from services.executor import reports
from services.executor.change import ChangeState, Stage

UNDO_TRIES: Final = 5
"""How many attempts are begun to put a change back before people are called."""
PATIENCE: Final = timedelta(minutes=10)
"""How long an attempt to put a change back waits for its credential: the one before must be dead first."""
APPROVED_AGAIN: Final = {Reversibility.LOSSLESS: 2, Reversibility.LOSSY: 1}
"""What a rehearsal may show; a worse one than was approved stops the change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a transition looks at besides the change and the report.

    `prevented` asks whether a control stands in the way, as of now; empty when none does.
    """

    now: datetime
    warrant: Warrant
    approved: Reversibility
    apply_seconds: int
    recommend_only: bool
    prevented: Callable[[], str]


def after(change: ChangeState, report: reports.Report, context: Context) -> ChangeState:
    """Where the change stands after the report; raises Poison when it does not belong there."""
    if report.attempt != change.attempt:
        raise Poison(Reason.INVALID, f"attempt {report.attempt} has been taken over by attempt {change.attempt}")
    if report.intent is not None and report.intent not in change.intents:
        change = replace(change, intents=(*change.intents, report.intent))
    match report:
        case reports.Resumed():
            return _resumed(change, context)
        case reports.Again():
            return _again(change, report, context)
        case reports.Stuck():
            return _stuck(change, report, context)
        case _:
            return _answered(change, report, context)


def _resumed(change: ChangeState, context: Context) -> ChangeState:
    """Whoever worked on it may still be at it: a new attempt, which the issuer keeps waiting until that is over."""
    if change.stage is Stage.ENDING:
        return change
    if change.stage is Stage.UNDOING or change.purpose is IntentPurpose.UNDO:
        return _attempt(change, IntentPurpose.UNDO, context)
    if context.now > context.warrant.not_after_at:
        why = "the warrant ran out before the change was taken up again"
        return _undo_anew(change, "failure", why, context) if change.begun else change.ended(Result.EXPIRED, why)
    why = context.prevented() if change.begun else ""
    if why:
        return _undo_anew(replace(change, result=Result.HALTED), "halt", why, context)
    return _attempt(change, IntentPurpose.FINISH, context)


def _attempt(change: ChangeState, purpose: IntentPurpose, context: Context) -> ChangeState:
    rehearsed = change.draft.rehearsal is not None
    return replace(
        change,
        stage=Stage.MINTING if rehearsed else Stage.INTENDED,
        purpose=purpose,
        attempt=change.attempt + 1,
        attempt_at=context.now,
        credential_until=None,
    )


def _undo(change: ChangeState, cause: str, why: str) -> ChangeState:
    """Put it back under the credential that is there."""
    draft = replace(change.draft, detail="; ".join(p for p in (change.draft.detail, why) if p))
    return replace(change, stage=Stage.UNDOING, cause=change.cause or cause, draft=draft)


def _undo_anew(change: ChangeState, cause: str, why: str, context: Context) -> ChangeState:
    """Put it back under a credential that is still to be had."""
    return _attempt(_undo(change, cause, why), IntentPurpose.UNDO, context)


def _proceed(change: ChangeState, context: Context) -> ChangeState:
    """Go on, unless a control stands in the way."""
    why = context.prevented()
    if not why:
        return change
    if change.begun:
        return _undo(replace(change, result=Result.HALTED), "halt", why)
    return change.ended(Result.HALTED, why)


def _again(change: ChangeState, report: reports.Again, context: Context) -> ChangeState:
    """Try again as long as that may still help."""
    now, why = context.now, report.why
    match change.stage:
        case Stage.MINTING:
            return _not_minted_yet(change, why, context)
        case Stage.APPLYING | Stage.JUDGING | Stage.UNDOING | Stage.COMPARING if _over(change, now):
            return _stuck(change, report, context)
        case Stage.APPLYING if change.begun_at and now > change.begun_at + timedelta(seconds=context.apply_seconds):
            return _undo(change, "failure", f"the steps took too long: {why}")
        case Stage.JUDGING | Stage.UNDOING | Stage.ENDING:
            return change
        case _:
            return _proceed(change, context)


def _not_minted_yet(change: ChangeState, why: str, context: Context) -> ChangeState:
    if change.purpose is IntentPurpose.UNDO:
        if context.now > change.attempt_at + PATIENCE:
            return _lost(change, f"there was no credential to put it back with: {why}")
        return change
    if context.now <= context.warrant.not_after_at:
        return _proceed(change, context)
    if change.begun:
        return _undo_anew(change, "failure", f"the warrant ran out: {why}", context)
    return change.ended(Result.EXPIRED, f"the warrant ran out before there was a credential: {why}")


def _stuck(change: ChangeState, report: reports.Again | reports.Stuck, context: Context) -> ChangeState:
    """It cannot go on like this: end it, or put it back."""
    if change.stage is Stage.ENDING:
        return change
    why = report.why
    if isinstance(report, reports.Stuck) and report.incident:
        change = replace(change, draft=replace(change.draft, incident=True))
    if change.stage is Stage.UNDOING or change.purpose is IntentPurpose.UNDO:
        if change.tries >= UNDO_TRIES:
            return _lost(change, why)
        return _undo_anew(replace(change, tries=change.tries + 1), "failure", why, context)
    if not change.begun:
        return change.ended(Result.FAILED, f"the change was not made: {why}")
    cause = "validation" if change.stage is Stage.JUDGING else "failure"
    if change.credential_until is None or _over(change, context.now):
        return _undo_anew(change, cause, why, context)
    return _undo(change, cause, why)


def _over(change: ChangeState, now: datetime) -> bool:
    return change.credential_until is not None and now >= change.credential_until


def _lost(change: ChangeState, why: str) -> ChangeState:
    return change.ended(Result.FAILED, f"it could not be put back: {why}", incident=True)


def _rehearsed(change: ChangeState, report: reports.Rehearsed, context: Context) -> ChangeState:
    change = replace(change, draft=replace(change.draft, rehearsal=report.rehearsal))
    if report.lies or report.rehearsal is None:
        return change.ended(Result.REFUSED, "the proposal is not its template's: " + "; ".join(report.lies))
    shown = APPROVED_AGAIN.get(report.rehearsal.reversibility, 0)
    if shown < APPROVED_AGAIN.get(context.approved, 1):
        why = f"the rehearsal was {report.rehearsal.reversibility}, approved was {context.approved}"
        return change.ended(Result.REFUSED, f"{why}: {report.rehearsal.detail}".rstrip(": "))
    if not report.rehearsal.validated:
        return change.ended(Result.REFUSED, "the change did not pass its validation on a copy")
    if context.now > context.warrant.not_after_at:
        return change.ended(Result.EXPIRED, "the warrant ran out before there was a credential")
    change = _proceed(change, context)
    if change.stage is Stage.INTENDED and context.recommend_only:
        return change.ended(Result.RECOMMENDED, "this executor only recommends")
    return replace(change, stage=Stage.MINTING) if change.stage is Stage.INTENDED else change


def _denied(change: ChangeState, report: reports.Denied, context: Context) -> ChangeState:
    why = "the issuer refused: " + "; ".join(report.reasons)
    if change.purpose is IntentPurpose.UNDO and context.prevented() and context.now <= change.attempt_at + PATIENCE:
        return change  # a halt holds up putting back, too; it may be over soon
    change = replace(change, draft=replace(change.draft, grant_digests=(*change.draft.grant_digests, report.grant)))
    if change.purpose is IntentPurpose.UNDO:
        return _lost(change, why)
    return _undo_anew(change, "failure", why, context) if change.begun else change.ended(Result.REFUSED, why)


def _minted(change: ChangeState, report: reports.Minted, context: Context) -> ChangeState:
    grants = (*change.draft.grant_digests, report.grant)
    change = replace(
        change,
        credential_until=report.not_after,
        draft=replace(change.draft, grant_digests=tuple(dict.fromkeys(grants))),
    )
    if change.purpose is IntentPurpose.UNDO:
        return replace(change, stage=Stage.UNDOING)
    return _proceed(replace(change, stage=Stage.COMPARING), context)


def _compared(change: ChangeState, report: reports.Compared, context: Context) -> ChangeState:
    draft = replace(change.draft, found_digest=report.found, snapshot=report.snapshot or change.draft.snapshot)
    change = replace(change, draft=draft)
    if report.moved:
        if change.begun:
            return _undo(replace(change, draft=replace(draft, incident=True)), "write_set", report.words)
        return change.ended(Result.MOVED, report.words)
    change = _proceed(change, context)
    return _step(change, 1, context) if change.stage is Stage.COMPARING else change


def _step(change: ChangeState, number: int, context: Context) -> ChangeState:
    """From here on the step may have been done."""
    return replace(
        change,
        stage=Stage.APPLYING,
        begun=max(change.begun, number),
        at=number,
        begun_at=context.now if number == 1 else change.begun_at,
    )


def _stepped(change: ChangeState, report: reports.Stepped, context: Context) -> ChangeState:
    change = replace(change, draft=replace(change.draft, steps=(*change.draft.steps, report.step)))
    if not report.step.succeeded:
        return _undo(change, "failure", f"{report.step.name} failed: {report.step.detail}".rstrip(": "))
    if change.at >= change.steps:
        return replace(change, stage=Stage.JUDGING)
    change = _proceed(change, context)
    return _step(change, change.at + 1, context) if change.stage is Stage.APPLYING else change


def _judged(change: ChangeState, report: reports.Judged) -> ChangeState:
    draft = replace(
        change.draft,
        post_state_digest=report.found,
        changes=report.changes,
        unexpected=report.unexpected,
        validation=report.validation,
        incident=change.draft.incident or bool(report.unexpected),
    )
    change = replace(change, draft=draft)
    if report.unexpected:
        return _undo(change, "write_set", report.words)
    return change.ended(Result.DONE) if report.passed else _undo(change, "validation", report.words)


def _undone(change: ChangeState, report: reports.Undone) -> ChangeState:
    failed = [s for s in report.steps if not s.succeeded]
    draft = replace(
        change.draft,
        steps=(*change.draft.steps, *report.steps),
        rollback=report.rollback,
        post_state_digest=report.rollback.restored_digest,
        changes=(),
        unexpected=tuple(dict.fromkeys((*change.draft.unexpected, *report.unexpected))),
        incident=change.draft.incident or not report.rollback.complete,
    )
    change = replace(change, draft=draft)
    if not report.restored:
        words = "; ".join(f"{s.name}: {s.detail}" for s in failed)
        return _lost(change, words or "the target is not what it was")
    return change.ended(Result.HALTED if change.result is Result.HALTED else Result.ROLLED_BACK)


_STAGES: Final[Mapping[type[reports.Report], Stage]] = {
    reports.Rehearsed: Stage.INTENDED,
    reports.Denied: Stage.MINTING,
    reports.Minted: Stage.MINTING,
    reports.Compared: Stage.COMPARING,
    reports.Stepped: Stage.APPLYING,
    reports.Judged: Stage.JUDGING,
    reports.Undone: Stage.UNDOING,
}


def _answered(change: ChangeState, report: reports.Report, context: Context) -> ChangeState:
    """Go on after an act that was done; each belongs to one stage."""
    if _STAGES.get(type(report)) is not change.stage:
        raise Poison(Reason.INVALID, f"{type(report).__name__} does not belong to the stage {change.stage}")
    match report:
        case reports.Rehearsed():
            return _rehearsed(change, report, context)
        case reports.Denied():
            return _denied(change, report, context)
        case reports.Minted():
            return _minted(change, report, context)
        case reports.Compared():
            return _compared(change, report, context)
        case _:
            return _written(change, report, context)


def _written(change: ChangeState, report: reports.Report, context: Context) -> ChangeState:
    match report:
        case reports.Stepped():
            return _stepped(change, report, context)
        case reports.Judged():
            return _judged(change, report)
        case reports.Undone():
            return _undone(change, report)
        case _:
            raise Poison(Reason.INVALID, f"{type(report).__name__} is no answer")
