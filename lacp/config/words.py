"""The words that keys of a configuration, and options of the command line, choose from."""

from __future__ import annotations

#: The runners of teamd.conf.
RUNNERS = ("broadcast", "roundrobin", "random", "activebackup", "loadbalance", "lacp")
#: What moves user frames; ``auto`` takes the best that the host has.
DATAPLANES = ("auto", "none", "memory", "tap", "team", "bond")
HWADDR_POLICIES = ("same_all", "by_active", "only_active")
AGG_SELECT_POLICIES = ("lacp_prio", "lacp_prio_stable", "bandwidth", "count", "port_config")
#: Who speaks LACP where the dataplane could: lacpd, or the kernel's bonding driver.
LACP_BY = ("lacpd", "driver")
LINK_WATCH_POLICIES = ("any", "all")
FRAGMENTS = ("eth", "vlan", "ipv4", "ipv6", "ip", "l3", "tcp", "udp", "sctp", "l4")
EDITIONS = ("2008", "2014", "2014-cor1", "2020")
CONTROLS = ("independent", "coupled")
FALLBACKS = ("none", "single", "static")
