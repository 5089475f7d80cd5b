"""Click commands and terminal screens, and nothing else."""
