"""The documents that scripts rely on, field by field."""

from typing import Any

NUMBER = (int, float)
NONE = type(None)

SYSTEM = {"system_priority": int, "system": (str, NONE), "key": (int, NONE)}
END = {
    "system_priority": int,
    "system": (str, NONE),
    "key": int,
    "port_priority": int,
    "port": int,
    "state": int,
    "flags": [str],
}
PORT = {
    "name": str,
    "ifindex": (int, NONE),
    "link": {"up": (bool, NONE), "speed": (int, NONE), "duplex": (str, NONE)},
    "selected": str,
    "aggregator": (int, NONE),
    "collecting": bool,
    "distributing": bool,
    "actor": END,
    "partner": END,
    "machines": {
        "receive": str,
        "periodic": str,
        "mux": str,
        "actor_churn": str,
        "partner_churn": str,
    },
    "counters": {
        "lacpdus_rx": int,
        "lacpdus_tx": int,
        "marker_pdus_rx": int,
        "marker_pdus_tx": int,
        "marker_response_pdus_rx": int,
        "marker_response_pdus_tx": int,
        "unknown_rx": int,
        "illegal_rx": int,
    },
    "last_rx_age": (*NUMBER, NONE),
    "problems": [str],
}
LAG = {
    "name": str,
    "source": str,
    "mode": str,
    "up": bool,
    "dataplane": str,
    "actor": SYSTEM,
    "partner": SYSTEM,
    "aggregator": int,
    "min_ports": int,
    "max_ports": (int, NONE),
    "ports": [PORT],
}
SHOW = {"version": int, "host": str, "time": str, "lags": [LAG]}

#: What each event has beside time, lag, port and event.
EVENTS: dict[str, Any] = {
    "state_changed": {"machine": str, "old": str, "new": str, "reason": str},
    "link_changed": {"link": PORT["link"]},
    "partner_changed": {"old": END, "new": END},
    "mux_changed": {"aggregator": (int, NONE), "collecting": bool, "distributing": bool},
    "frame_dropped": {"reason": str},
    "link_watch_changed": {"index": int, "link_watch": str, "up": bool, "reason": str},
    "usable_changed": {"up": bool},
    "port_added": {},
    "port_removed": {},
}


def check(value: Any, shape: Any, where: str = "$") -> None:
    """`value` has all that `shape` asks for, of the right kinds; it may have more."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), where
        assert shape.keys() <= value.keys(), f"{where}: no {shape.keys() - value.keys()}"
        for name, inner in shape.items():
            check(value[name], inner, f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list), where
        for number, each in enumerate(value):
            check(each, shape[0], f"{where}[{number}]")
    else:
        kinds = shape if isinstance(shape, tuple) else (shape,)
        # A bool is an int to Python, and not to anybody else.
        assert type(value) in kinds, f"{where} is {value!r}, expected {kinds}"


def check_show(document: Any) -> None:
    """A document of `lacpctl show --json` from lacpd."""
    check(document, SHOW)
    assert document["version"] == 1
    assert document["time"].endswith("Z")


def check_event(event: Any) -> None:
    """A line of `lacpctl monitor --json`."""
    check(event, {"time": str, "lag": str, "port": (str, NONE), "event": str})
    check(event, EVENTS.get(event["event"], {}))
