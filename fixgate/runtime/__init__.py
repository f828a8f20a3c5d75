"""The loop that every service runs on: not a framework, one recipe with numbered steps.

    (1) poll      take a batch of committed records, and the ticks that are due
    (2) verify    signature, certificate, signer, digest, schema, parents of each
    (3) trace     continue the trace of each record, one context per record
    (4) gather    the facts that the outside knows, with deadlines, before any transaction; kept until committed,
                  so that a retry sees the same; broadcast topics are read up to their end as of now
    (5) decide    the pure verb; here too a sequence that was seen before is refused; what it answers is numbered and
                  encoded
    (6) sign      all that was encoded
    (7) commit    outputs, dead letters, state and input positions in one Kafka transaction
    (8) cache     only now the local copy of the state

A crash at any step leaves the record either unread or finished. Poison goes to the dead letters in the same
transaction; Transient forgets the batch and tries it again; anything else ends the process, and the next one begins
where the last transaction ended. Step 5 goes record by record: the next record sees what this one wrote.

A verb may say that there is more to a record (`Result.unfinished`): what it answered is committed, the position is not
moved past the record, and the next transaction asks it again. How far it came is in its state, so a crash between two
transactions neither repeats nor loses anything. Meanwhile its partition is set aside (`holding.py`), so that the others
do not wait for it; a record that wants its transactions alone (`Workload.alone`) is set aside at once.

A service that works outside Kafka has effects (`effects.py`): they are given the orders in its state, when a shard is
taken over and after each commit, and tell the verb how it went. What was told is an event of the next batch, between
ticks and records; its teller is answered after the commit, or told that nothing was written.
"""

from fixgate.runtime.loop import Runtime
from fixgate.runtime.wiring import Identity, Step, Wiring

__all__ = ["Identity", "Runtime", "Step", "Wiring"]
