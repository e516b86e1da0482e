"""The standard as an engine: machines, selection, transmit, and the system that settles them."""
