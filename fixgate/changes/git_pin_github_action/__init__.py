"""Pin an action of a GitHub workflow to a commit, on a branch of its own."""
