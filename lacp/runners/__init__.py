"""teamd's runners: who carries traffic, decided without I/O and without a clock."""
