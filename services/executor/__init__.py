"""The executor: makes exactly the change that was allowed, proves that it worked or puts it back, and says so."""
