"""The checks: functions from facts and context to findings; each docstring is the manual."""
