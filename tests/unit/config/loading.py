"""Teams of one port, with a key that is looked at."""

import json
from typing import Any

from lacp.config.teamd import Loaded, loads


def load(**members: Any) -> Loaded:
    """A team of one port that runs LACP, and with these members."""
    document = {"device": "team0", "runner": {"name": "lacp"}, "ports": {"eth1": {}}}
    return loads(json.dumps({**document, **members}), "f.conf")
