"""The kernel's team driver as dataplane."""
