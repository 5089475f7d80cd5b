"""The checks: plain functions from facts and context to findings, each with its manual as docstring."""
