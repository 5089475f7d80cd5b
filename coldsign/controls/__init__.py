"""Policy, manifest, approvals, journal and latch: who may sign what, and the record of it."""
