"""What the keys of `lacpctl watch` do: what is shown of it all, and from where on."""

from __future__ import annotations

from dataclasses import dataclass

#: Orders of ports, in the order in which `s` goes through them.
ORDERS = ("worst", "name", "heard", "changed")

HELP = "q quit  j/k move  p problems  / filter  s sort"

#: Names of keys that come as several octets.
_SEQUENCES = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b[H": "home",
    "\x1b[1~": "home",
    "\x1bOH": "home",
    "\x1b[F": "end",
    "\x1b[4~": "end",
    "\x1bOF": "end",
}
_NAMES = {"\r": "enter", "\n": "enter", "\x1b": "escape", "\x7f": "rubout", "\x08": "rubout"}
#: Far enough for any table.
_END = 1 << 30


def keys(typed: str) -> list[str]:
    """What was typed, key by key; sequences that are not known are left out."""
    found = []
    at = 0
    while at < len(typed):
        if typed[at] != "\x1b" or typed[at + 1 : at + 2] not in ("[", "O"):
            found.append(_NAMES.get(typed[at], typed[at]))
            at += 1
            continue
        end = at + 2
        while end < len(typed) and not "@" <= typed[end] <= "~":
            end += 1
        if name := _SEQUENCES.get(typed[at : end + 1]):
            found.append(name)
        at = end + 1
    return found


@dataclass(slots=True)
class Choice:
    """What is shown."""

    #: Lines of the table above the first one on the screen.
    top: int = 0
    only_problems: bool = False
    #: Only LAGs and ports whose name has this in it.
    wanted: str = ""
    #: The filter as far as it is typed; None when nobody types.
    typing: str | None = None
    order: str = ORDERS[0]
    over: bool = False

    def press(self, key: str, page: int) -> None:
        """A key; `page` is how many lines of the table fit on the screen."""
        if self.typing is not None:
            self._type(key)
            return
        steps = {
            "j": 1,
            "down": 1,
            "k": -1,
            "up": -1,
            " ": page,
            "page down": page,
            "b": -page,
            "page up": -page,
            "g": -_END,
            "home": -_END,
            "G": _END,
            "end": _END,
        }
        if key in steps:
            self.top = max(0, min(_END, self.top + steps[key]))
        elif key in ("q", "\x03"):
            self.over = True
        elif key == "p":
            self.only_problems = not self.only_problems
            self.top = 0
        elif key == "s":
            self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
            self.top = 0
        elif key == "/":
            self.typing = self.wanted
        elif key == "escape":
            self.wanted = ""

    def _type(self, key: str) -> None:
        typed = self.typing or ""
        if key == "enter":
            self.wanted, self.typing, self.top = typed, None, 0
        elif key in ("escape", "\x03"):
            self.typing = None
        elif key == "rubout":
            self.typing = typed[:-1]
        elif len(key) == 1 and key.isprintable() and len(typed) < 40:
            self.typing = typed + key

    def shows(self, name: str) -> bool:
        """Whether the filter lets this name through."""
        return self.wanted.casefold() in name.casefold()
