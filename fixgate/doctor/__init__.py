"""Proves on the wire that a cluster refuses what it must refuse: `fixgate doctor`.

    wire    a few requests of the Kafka protocol, spoken by hand: what the broker answers is what counts
    tokens  tokens that must be refused, made from a genuine one
    checks  what is tried, and what each answer means

A client library is no witness here: it may say "authenticated" when it was not, retries for a while, and does not send
what it expects to be refused.
"""
