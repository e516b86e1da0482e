"""Tell of links that go down and ports that stop carrying traffic, of every LAG of this host.

    python examples/link_changes.py [SECONDS]

Bonds and teams of the kernel, lacpd, teamd and Open vSwitch alike. Ends after SECONDS without an
event, else when it is interrupted.
"""

import sys

from lacp.errors import LacpError
from lacp.inspect.host import Host


def main() -> None:
    quiet = float(sys.argv[1]) if len(sys.argv) > 1 else None
    host = Host()
    with host.changes() as changes:
        # Listening first and looking second leaves no gap between the two.
        for lag in host.look().lags:
            carrying = [port.name for port in lag.ports if port.distributing]
            print(f"{lag.name}: {lag.mode}, carried by {' '.join(carrying) or 'no port'}")
        for event in changes.until(quiet):
            match event.event:
                case "link_changed" if not event.facts["link"]["up"]:
                    print(f"{event.time} {event.lag}: {event.port} has no link", flush=True)
                case "port_enabled" | "mux_changed" if not event.facts["distributing"]:
                    print(f"{event.time} {event.lag}: {event.port} carries nothing", flush=True)
                case "overrun" | "source_lost":
                    print(f"{event.time} {event}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (LacpError, ValueError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
