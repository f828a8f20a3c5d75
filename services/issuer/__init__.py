"""The issuer: one small credential for one allowed change, and the proof of its death."""
