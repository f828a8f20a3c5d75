"""What may be changed: Cedar evaluation, and the one predicate of exceptions, freezes and halts."""
