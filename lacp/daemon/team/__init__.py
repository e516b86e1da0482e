"""One team: its runner, link watchers, ports and device, and how they move together."""
