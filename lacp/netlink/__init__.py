"""What the kernel tells of interfaces, and what it is told: netlink, read and written by hand."""
