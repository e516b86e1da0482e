"""Readers of link aggregation state, one for each source of it."""
