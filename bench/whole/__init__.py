"""The whole stack under load: everything on, real programs, an emulated account with much that is wrong in it."""
