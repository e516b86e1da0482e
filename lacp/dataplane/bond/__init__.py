"""The kernel's bonding driver as dataplane."""
