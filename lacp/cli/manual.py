"""What --help and the manual pages say of the programs beside their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """A term and what it means; of an example, the command and what it does."""

    term: str
    text: str


class Section(NamedTuple):
    """A part of a manual page; a brief one stands in --help, too."""

    title: str
    entries: tuple[Entry, ...]
    brief: bool = True


#: The day on which the words of a manual page last changed.
CHANGED = "2026-11-21"

#: What each program is, in a line.
NAMES = {
    "lacpctl": "look at link aggregation: on this host, in a frame, in a simulation",
    "lacpd": "run one or many teams of network interfaces, with LACP or without",
    "pcap-replay": "judge the LACP in captures",
}

#: Other people's pages that help with the same.
SEE_ALSO = {
    "lacpctl": ("ip-link(8)", "teamdctl(8)", "ovs-appctl(8)", "tcpdump(8)"),
    "lacpd": ("teamd.conf(5)", "teamd(8)", "teamdctl(8)", "ip-link(8)"),
    "pcap-replay": ("tcpdump(8)", "wireshark(1)"),
}

_DESCRIPTION = "Description"
_EXIT = "Exit status"
_ENVIRONMENT = "Environment"
_FILES = "Files"
_EXAMPLES = "Examples"

_INTERRUPTED = Entry("130", "interrupted")
_COLUMNS = Entry("COLUMNS", "how many columns text may have")
_NO_COLOR = Entry("NO_COLOR", "no colours, if it is set to anything")

_LACPCTL = (
    Section(
        _DESCRIPTION,
        (
            Entry(
                "",
                "lacpctl shows every link aggregation group (LAG) of a Linux host, whoever made it:"
                " lacpd, the kernel's bonding driver in every mode, the kernel's team driver with"
                " teamd or without it, Open vSwitch. It finds them by itself, and looks at what the"
                " kernel lets the user see; what it could not see it says.",
            ),
            Entry(
                "",
                "Colours, and tables that are drawn again and again, are for terminals only;"
                " nothing is said by colour alone. With --json there is one JSON document, or one"
                " a line of commands that go on, and nothing else on standard output.",
            ),
        ),
        brief=False,
    ),
    Section(
        _EXAMPLES,
        (
            Entry("lacpctl show", "every LAG of this host, a line for each port"),
            Entry("lacpctl explain", "what is wrong, how that is known, and what to do"),
            Entry("lacpctl watch bond0", "see it change"),
            Entry("lacpctl show --json | jq .lags", "the same for programs"),
            Entry("lacpctl --netns red show", "in another network namespace"),
            Entry("lacpctl --host root@leaf1 show -v", "on another host, by ssh"),
            Entry("source <(lacpctl completion bash)", "let TAB complete all this"),
        ),
    ),
    Section(
        _EXIT,
        (
            Entry("0", "done"),
            Entry("1", "what was asked about is bad or unreachable; standard error says why"),
            Entry("2", "wrong usage or unreadable input"),
            _INTERRUPTED,
        ),
    ),
    Section(
        _ENVIRONMENT,
        (
            Entry("LACPD_RUN_DIR", "the default of --run-dir"),
            Entry("OVS_RUNDIR", "where Open vSwitch has its sockets"),
            _COLUMNS,
            _NO_COLOR,
        ),
    ),
    Section(
        _FILES,
        (
            Entry("/run/lacpd/*.sock", "where each lacpd is asked"),
            Entry("/run/teamd/*.sock", "where each teamd is asked"),
            Entry("/var/run/openvswitch", "where Open vSwitch is asked"),
            Entry("/proc/net/bonding", "what the bonding driver tells there only"),
            Entry("/run/netns", "the network namespaces that have names"),
        ),
        brief=False,
    ),
)

_LACPD = (
    Section(
        _DESCRIPTION,
        (
            Entry(
                "",
                "lacpd runs teams, each described by a teamd.conf(5): many network interfaces that"
                " work as one. It speaks LACP (IEEE 802.1AX), or does what one of the other"
                " runners of teamd does, and tells what moves user frames: the kernel's team or"
                " bonding driver, a TAP device, or nothing.",
            ),
            Entry(
                "",
                "Under the name of teamd, as by a link of this name, it takes the options of"
                " teamd(8) and answers teamdctl(8).",
            ),
        ),
        brief=False,
    ),
    Section(
        "Signals",
        (
            Entry(
                "SIGTERM, SIGINT, SIGQUIT",
                "take every port out of its LAG, tell the partners, and end",
            ),
            Entry("SIGHUP", "read the configurations again, without a flap"),
        ),
    ),
    Section(
        _EXAMPLES,
        (
            Entry("lacpd -f team0.conf", "run one team"),
            Entry("lacpd --config-dir /etc/lacpd -d", "run many, in the background"),
            Entry("lacpd --check -f team0.conf", "only say what is wrong with a file"),
            Entry("lacpd -k -t team0", "end the daemon of a team"),
        ),
    ),
    Section(
        _EXIT,
        (
            Entry("0", "done"),
            Entry("1", "the configuration is bad, the team runs already, or the system refuses"),
            Entry("2", "wrong usage or unreadable input"),
            _INTERRUPTED,
            Entry("teamd", "called under this name, its options and exit status are teamd's"),
        ),
    ),
    Section(
        _ENVIRONMENT,
        (
            Entry("LACPD_RUN_DIR", "the default of --run-dir"),
            Entry("TEAM_LOG_OUTPUT", "the default of --log-output"),
        ),
    ),
    Section(
        _FILES,
        (
            Entry("/run/lacpd/TEAM.sock", "the control socket that lacpctl asks"),
            Entry("/run/lacpd/TEAM.lock", "locked as long as a daemon runs the team"),
            Entry("/run/lacpd/TEAM.pid", "its process"),
            Entry("/run/lacpd/TEAM.state", "stays: port numbers and the address of the team"),
            Entry("/run/teamd/TEAM.sock", "the socket that teamdctl asks"),
        ),
        brief=False,
    ),
)

_PCAP_REPLAY = (
    Section(
        _DESCRIPTION,
        (
            Entry(
                "",
                "pcap-replay reads the LACP in captures and asks of each end: given what it must"
                " have heard, did it do what IEEE 802.1AX demands? It says which end violates which"
                " rule, with the clause, the frames and the time.",
            ),
        ),
        brief=False,
    ),
    Section(
        _EXAMPLES,
        (
            Entry("pcap-replay flap.pcapng", "judge every end in a capture"),
            Entry("tcpdump -w - -c 100 | pcap-replay -", "from a pipe"),
            Entry("pcap-replay --html flap.html flap.pcap", "a page to send to somebody"),
        ),
    ),
    Section(
        _EXIT,
        (
            Entry("0", "nothing is violated"),
            Entry("1", "violations"),
            Entry("2", "wrong usage, or a capture that cannot be read; the others are judged"),
            _INTERRUPTED,
        ),
    ),
    Section(_ENVIRONMENT, (_COLUMNS, _NO_COLOR)),
)


def _examples(*examples: tuple[str, str]) -> tuple[Section, ...]:
    return (Section(_EXAMPLES, tuple(Entry(*each) for each in examples)),)


_COMMANDS: Mapping[str, tuple[Section, ...]] = {
    "lacpctl show": _examples(
        ("lacpctl show", "every LAG of this host"),
        ("lacpctl show -p", "the same, without the ports that are as they should be"),
        ("lacpctl show -v eth1", "everything there is to know of a port"),
        ("lacpctl show --json | jq .lags", "for programs; docs/control.md says what is in it"),
        ("lacpctl show --format proc bond0", "as /proc/net/bonding/bond0"),
    ),
    "lacpctl neighbors": _examples(
        ("lacpctl neighbors", "which switch each port leads to"),
        ("lacpctl neighbors bond0 --json", "the same of one LAG, for programs"),
    ),
    "lacpctl counters": _examples(
        ("lacpctl counters", "LACPDUs of every port"),
        ("lacpctl counters --reset team0", "the same, from 0 from now on"),
    ),
    "lacpctl explain": _examples(
        ("lacpctl explain", "what is wrong on this host"),
        ("lacpctl explain eth1", "why this port carries no traffic"),
    ),
    "lacpctl monitor": _examples(
        ("lacpctl monitor", "everything that happens"),
        ("lacpctl monitor bond0 --json", "of one LAG, a JSON document a line"),
        ("lacpctl monitor --event link_changed", "links that come and go, only"),
    ),
    "lacpctl watch": _examples(
        ("lacpctl watch", "every LAG"),
        ("lacpctl watch bond0 -n 0.2", "one of them, five times a second"),
    ),
    "lacpctl set": _examples(
        ("lacpctl set", "what can be set, and how it is set now"),
        ("lacpctl set runner.fast_rate true", "ask for a LACPDU each second"),
        ("lacpctl set team0.ports.eth1.lacp_prio 10", "prefer a port, of one of several teams"),
    ),
    "lacpctl simulate": _examples(
        ("lacpctl simulate", "a cable is pulled, and another one falls silent"),
        ("lacpctl simulate --list", "what else there is to be seen"),
    ),
}

#: By the name of the program, or of its command.
MANUAL: Mapping[str, tuple[Section, ...]] = {
    "lacpctl": _LACPCTL,
    "lacpd": _LACPD,
    "pcap-replay": _PCAP_REPLAY,
    **_COMMANDS,
}
