"""The services of the pipeline, one folder each; none imports another."""
