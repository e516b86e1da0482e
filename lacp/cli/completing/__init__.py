"""Completion: what may stand next on a command line, for shells that are asked with TAB."""
