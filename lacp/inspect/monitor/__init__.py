"""What happens to the LAGs of a host, as it happens: one module for each way to hear of it."""
