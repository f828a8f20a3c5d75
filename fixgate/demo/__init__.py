"""`fixgate demo`: a stack of its own, an account with trouble in it, and the pipeline at work on it."""
