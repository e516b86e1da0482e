"""Which end is wrong: rules with clauses, a judge for captures, a tester for live peers."""
