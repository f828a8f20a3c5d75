"""The analyzer: says what a finding means, with evidence, and changes nothing."""
