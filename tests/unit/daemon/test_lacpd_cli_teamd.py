"""lacpd's command line in place of teamd's: where each option leads, under both names."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lacp.cli import lacpd, running
from lacp.daemon.options import Options
from lacp.daemon.process import logs
from lacp.daemon.sources import Reading, Sources
from lacp.errors import BackendError
from tests.daemons import conf

ROOT = Path(__file__).parents[3]
NAMES = ("lacpd", "teamd")


@dataclass
class Started:
    """What a daemon was started with."""

    options: Options
    reading: Reading


class Shell:
    """Calls the command; a daemon that it starts ends at once."""

    def __init__(self, capfd: pytest.CaptureFixture[str], directory: Path) -> None:
        self._capfd = capfd
        self.directory = directory
        self.started: list[Started] = []
        #: How the next daemon ends: whether by SIGINT, or with an error.
        self.interrupted = False
        self.fails: Exception | None = None
        self.fails_later: Exception | None = None

    async def drive(
        self, options: Options, sources: Sources, reading: Reading, started: Callable[[], None]
    ) -> bool:
        self.started.append(Started(options, reading))
        if self.fails is not None:
            raise self.fails
        started()
        if self.fails_later is not None:
            raise self.fails_later
        return self.interrupted

    def call(self, program: str, *words: str) -> tuple[int, str, str]:
        """The exit code, standard output and standard error."""
        where = ("--run-dir", str(self.directory), "--teamd-run-dir", str(self.directory / "teamd"))
        try:
            code = lacpd.main([*where, *words], program)
        except SystemExit as end:
            code = int(str(end.code))
        said = self._capfd.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    def start(self, *words: str, program: str = "lacpd") -> Started:
        """What a command line starts."""
        code, _, error = self.call(program, *words)
        assert code == 0, error
        return self.started.pop()


@pytest.fixture
def shell(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Shell:
    made = Shell(capfd, tmp_path)
    monkeypatch.setattr(lacpd, "_drive", made.drive)
    monkeypatch.delenv("TEAM_LOG_OUTPUT", raising=False)
    return made


# What an option leads to.


@pytest.mark.parametrize("program", NAMES)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), {}),
        (("-o",), {"take_over": True}),
        (("--take-over",), {"take_over": True}),
        (("-r",), {"recreate": True}),
        (("--force-recreate",), {"recreate": True}),
        (("-N",), {"keep": True}),
        (("--no-quit-destroy",), {"keep": True}),
        (("-n",), {"no_ports": True}),
        (("--no-ports",), {"no_ports": True}),
        (("-D",), {"dbus": True}),
        (("--dbus-enable",), {"dbus": True}),
        (("-U",), {"usock": True}),
        (("--usock-enable",), {"usock": True}),
        (("-u",), {"usock": False}),
        (("--usock-disable",), {"usock": False}),
        (("-p", "/x/y.pid"), {"pid_file": "/x/y.pid"}),
        (("--pid-file=/x/y.pid",), {"pid_file": "/x/y.pid"}),
        (("-g",), {"debug_level": 1}),
        (("-gg", "--debug"), {"debug_level": 3}),
        (("--dataplane", "tap"), {"dataplane": "tap"}),
        # As NetworkManager calls it, and bundled.
        (("-o", "-n", "-U", "-D", "-N", "-gg"), {
            "take_over": True, "no_ports": True, "dbus": True, "keep": True, "debug_level": 2,
        }),
        (("-onDNg",), {
            "take_over": True, "no_ports": True, "dbus": True, "keep": True, "debug_level": 1,
        }),
    ],
)  # fmt: skip
def test_where_options_lead(
    shell: Shell, program: str, words: tuple[str, ...], expected: dict[str, object]
) -> None:
    started = shell.start("-t", "team7", *words, program=program)
    default = Options(run_dir=str(shell.directory), teamd_run_dir=str(shell.directory / "teamd"))
    assert started.options == replace(default, **expected)  # type: ignore[arg-type]
    assert list(started.reading.configs) == ["team7"]


@pytest.mark.parametrize("program", NAMES)
def test_a_device_that_is_there_is_taken_over_rather_than_removed(
    shell: Shell, program: str
) -> None:
    said = shell.call(program, "-t", "x", "-o", "-r")[2]
    assert said.splitlines()[0] == f"{program}: -o is given: ignoring -r"
    options = shell.started.pop().options
    assert (options.take_over, options.recreate) == (True, False)


@pytest.mark.parametrize("program", NAMES)
def test_a_name_alone_is_a_round_robin_without_ports(shell: Shell, program: str) -> None:
    for words in (("-t", "team7"), ("-tteam7",), ("--team-dev", "team7"), ("--team-dev=team7",)):
        config = shell.start(*words, program=program).reading.configs["team7"]
        assert (config.device, config.runner.name, config.ports) == ("team7", "roundrobin", {})


def test_teamd_without_anything_takes_the_first_free_name(shell: Shell) -> None:
    started = shell.start(program="teamd")
    (name,) = started.reading.configs
    assert name.startswith("team")
    with _runs(shell.directory, name):
        (other,) = shell.start(program="teamd").reading.configs
    assert other != name


@pytest.mark.parametrize("program", NAMES)
def test_the_name_of_the_command_line_beats_that_of_the_file(shell: Shell, program: str) -> None:
    file = shell.directory / "x.conf"
    file.write_text(conf("team0"))
    for words in (("-f", str(file)), (f"--config-file={file}",), ("-c", conf("team0"))):
        assert list(shell.start(*words, program=program).reading.configs) == ["team0"]
        assert list(shell.start(*words, "-tx", program=program).reading.configs) == ["x"]


@pytest.mark.parametrize("program", NAMES)
def test_a_text_beats_a_file(shell: Shell, program: str) -> None:
    code, _, error = shell.call(program, "-f", "/none", "-c", conf("team3"))
    assert code == 0
    assert error.splitlines()[0] == f"{program}: -c is given: ignoring -f"
    assert list(shell.started.pop().reading.configs) == ["team3"]


def test_of_several_files_teamd_takes_the_last_and_lacpd_all(shell: Shell) -> None:
    words = []
    for name in ("a", "b"):
        (shell.directory / name).write_text(conf(name, [f"{name}1"]))
        words += ["-f", str(shell.directory / name)]
    assert list(shell.start(*words).reading.configs) == ["a", "b"]
    assert list(shell.start(*words, program="teamd").reading.configs) == ["b"]


@pytest.mark.parametrize("wrong", ['{"device": 1}', '{"runner": {"name": "x"}}', "{", None])
def test_what_is_wrong_with_one_team_does_not_stop_the_others(
    shell: Shell, wrong: str | None
) -> None:
    good, bad = shell.directory / "a.conf", shell.directory / "b.conf"
    good.write_text(conf("team0", ["a1"]))
    if wrong is not None:
        bad.write_text(wrong)
    for words in (("-f", str(bad), "-f", str(good)), ("--config-dir", str(shell.directory))):
        code, _, error = shell.call("lacpd", *words)
        assert code == 0
        assert list(shell.started.pop().reading.configs) == ["team0"]
        if wrong is None:
            assert words[0] == "--config-dir" or "No such file" in error
        else:
            assert f"lacpd: {bad}: " in error
    # But who asks is told.
    if wrong is not None:
        assert shell.call("lacpd", "--check", "-f", str(good), "-f", str(bad))[0] in (1, 2)


def test_a_port_in_two_teams_stays_in_the_first(shell: Shell) -> None:
    words = []
    for name, ports in (("a", ["x", "y"]), ("b", ["y", "z"])):
        (shell.directory / name).write_text(conf(name, ports))
        words += ["-f", str(shell.directory / name)]
    code, _, error = shell.call("lacpd", *words)
    configs = shell.started.pop().reading.configs
    assert code == 0
    assert {name: list(config.ports) for name, config in configs.items()} == {
        "a": ["x", "y"],
        "b": ["z"],
    }
    assert "$.ports: found y, which is in a already, expected each port in one team" in error
    assert shell.call("lacpd", "--check", *words)[0] == 1


def test_a_check_tells_all_there_is_to_tell(shell: Shell) -> None:
    file = shell.directory / "x.conf"
    file.write_text('{"device": 1, "novel": 1, "runner": {"name": "lacp", "fast_rate": 1}}')
    code, _, error = shell.call("lacpd", "--check", "-f", str(file))
    assert code == 1
    assert [line.split(": ")[2] for line in error.splitlines()] == [
        "$.runner.fast_rate",
        "$.novel",
        "$.device",
    ]


# The log.


def test_where_the_log_goes(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str, str]] = []
    real = logs.logging_to

    @contextmanager
    def spy(output: str, form: str, level: str, ident: str) -> Iterator[None]:
        seen.append((output, level, ident))
        with real("stderr", form, level):
            yield

    monkeypatch.setattr(logs, "logging_to", spy)
    monkeypatch.setattr(logs, "_SYSLOG", "/")
    shell.start("-t", "x")
    shell.start("-t", "x", "-l", "stdout", "-g")
    monkeypatch.setenv("TEAM_LOG_OUTPUT", "syslog")
    shell.start("-t", "x", program="teamd")
    shell.start("-t", "x", "-l", "stderr", program="teamd")
    # teamd goes its usual way when it does not know the output.
    shell.start("-t", "x", "--log-output", "printer", program="teamd")
    monkeypatch.setenv("TEAM_LOG_OUTPUT", "printer")
    shell.start("-c", '{"debug_level": 1, "device": "y"}', program="teamd")
    assert seen == [
        ("stderr", "info", "lacpd"),
        ("stdout", "debug", "lacpd"),
        ("syslog", "info", "teamd_x"),
        ("stderr", "info", "teamd_x"),
        ("stderr", "info", "teamd_x"),
        ("stderr", "debug", "teamd_y"),
    ]


def test_a_machine_without_syslog(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_SYSLOG", str(shell.directory / "none"))
    code, _, error = shell.call("lacpd", "-t", "x", "-l", "syslog")
    assert (code, error.count("\n")) == (1, 1)
    assert "No such file or directory" in error
    # NetworkManager asks for it on every machine.
    monkeypatch.setenv("TEAM_LOG_OUTPUT", "syslog")
    for words in ((), ("-l", "syslog")):
        assert "successfully started" in shell.call("teamd", "-t", "x", *words)[2]
    shell.start("-t", "x")


def test_teamd_says_that_it_has_started_in_the_words_of_teamd(shell: Shell) -> None:
    said = shell.call("teamd", "-t", "x")[2]
    assert said.endswith(" 1.31 successfully started.\n")
    assert "successfully" not in shell.call("lacpd", "-t", "x")[2]


# Exit codes.


def test_exit_codes_of_a_daemon(shell: Shell) -> None:
    words = ("-t", "x")
    assert [shell.call(name, *words)[0] for name in NAMES] == [0, 0]
    shell.interrupted = True
    assert [shell.call(name, *words)[0] for name in NAMES] == [130, 0]
    shell.fails = BackendError("no such thing")
    for name in NAMES:
        code, _, error = shell.call(name, *words)
        assert (code, error.splitlines()[-1]) == (1, f"{name}: no such thing")
    shell.fails, shell.fails_later = None, BackendError("no more")
    assert [shell.call(name, *words)[0] for name in NAMES] == [1, 2]


@pytest.mark.parametrize(
    "words",
    [
        ("-x",),
        ("-V",),
        ("-t",),
        ("extra",),
        ("--", "extra"),
        ("--no",),
        ("-t", "a/b"),
        ("-Z", "x"),
        ("-f", "/none"),
        ("-f", "/none", "-k"),
        ("-c", "{"),
        ("-c", '{"runner": {"name": "x"}}'),
        ("-c", '{"runner": 1}'),
    ],
)
def test_whatever_is_wrong_teamd_ends_with_1(shell: Shell, words: tuple[str, ...]) -> None:
    code, out, error = shell.call("teamd", *words)
    assert (code, out, error.count("\n"), shell.started) == (1, "", 1, [])
    assert error.startswith("teamd: ")


# getopt.


def test_long_options_of_teamd_may_be_abbreviated_under_its_name(shell: Shell) -> None:
    written = (
        "--tea=x",
        "--ta",
        "--no-p",
        "--no-q",
        "--db",
        "--usock-d",
        "--pid",
        "/p",
        "--log=stdout",
    )
    options = shell.start(*written, "--deb", program="teamd").options
    assert (options.take_over, options.no_ports, options.keep) == (True, True, True)
    assert (options.dbus, options.usock, options.pid_file) == (True, False, "/p")
    assert options.debug_level == 1
    # Not what they have in common, and not the own ones.
    for word in ("--no-", "--u", "--run", "--datap"):
        assert shell.call("teamd", word)[0] == 1
    assert shell.call("teamd", "--vers")[:2] == (0, shell.call("teamd", "-v")[1])


# Is it running? End it.


@contextmanager
def _runs(directory: Path, *teams: str, heeds: bool = True) -> Iterator[int]:
    """A process that holds the locks of these teams as a lacpd does; it `heeds` SIGTERM."""
    hold = (
        "import fcntl, os, signal, sys, time\n"
        f"{'' if heeds else 'signal.signal(signal.SIGTERM, signal.SIG_IGN)'}\n"
        "for path in sys.argv[1:]:\n"
        "    fd = os.open(path, os.O_RDWR | os.O_CREAT)\n"
        "    fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "    os.write(fd, b'%d\\n' % os.getpid())\n"
        "print(flush=True)\n"
        "time.sleep(60)\n"
    )
    locks = [str(directory / f"{team}.lock") for team in teams]
    with subprocess.Popen([sys.executable, "-c", hold, *locks], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process.pid
        finally:
            process.kill()


def test_whether_it_runs(shell: Shell) -> None:
    for check in (("teamd", "-e"), ("teamd", "--check"), ("lacpd", "-e")):
        with _runs(shell.directory, "team0"):
            for team in (("-t", "team0"), ("-c", conf("team0"))):
                assert shell.call(*check, *team) == (0, "", "")
        said = "" if check[0] == "teamd" else "lacpd: no lacpd runs team0\n"
        assert shell.call(*check, "-t", "team0") == (1, "", said)
    assert shell.call("teamd", "-e")[0] == 1


def test_a_check_by_lacpd_is_one_of_the_configuration(shell: Shell) -> None:
    assert shell.call("lacpd", "--check", "-t", "team0") == (0, "", "")
    assert shell.started == []


@pytest.mark.parametrize("program", NAMES)
def test_it_is_ended(shell: Shell, program: str) -> None:
    with _runs(shell.directory, "team0"):
        assert shell.call(program, "-k", "-t", "team0") == (0, "", "")
        code, _, error = shell.call(program, "--kill", "-t", "team0")
        assert (code, error) == (
            1,
            "Daemon not running\n" if program == "teamd" else "lacpd: no lacpd runs team0\n",
        )


def test_who_ends_with_it_is_named_first(shell: Shell) -> None:
    with _runs(shell.directory, "team0", "team1", "team2") as pid:
        code, _, error = shell.call("lacpd", "-k", "-t", "team1")
    assert code == 0
    assert error == f"lacpd: process {pid} also runs team0, team2, which ends with it\n"


def test_a_teamd_that_still_runs_is_found_by_its_pid_file(shell: Shell) -> None:
    directory = shell.directory / "teamd"
    directory.mkdir()
    # The name of a process is that of its file.
    copy = shell.directory / "bin" / "teamd"
    copy.parent.mkdir()
    copy.symlink_to("/bin/sleep")
    with subprocess.Popen([copy, "60"]) as process:
        try:
            # It has its name a moment after it has begun.
            end = time.monotonic() + 10
            while Path(f"/proc/{process.pid}/comm").read_text() != "teamd\n":
                assert time.monotonic() < end
            (directory / "team0.pid").write_text(f"{process.pid}\n")
            other = shell.directory / "other.pid"
            other.write_text(f"{process.pid}\n")
            for program in NAMES:
                assert shell.call(program, "-e", "-t", "team0")[0] == 0
                assert shell.call(program, "-e", "-t", "x", "-p", str(other))[0] == 0
                assert shell.call(program, "-e", "-t", "team1")[0] == 1
            # A number that was given to somebody else is nobody's.
            (directory / "team2.pid").write_text(f"{os.getppid()}\n")
            assert shell.call("teamd", "-k", "-t", "team2")[0] == 1
        finally:
            process.kill()
    for nobody in ("0", "-1", "x", "", "99999999999999999999"):
        (directory / "team0.pid").write_text(nobody)
        assert shell.call("teamd", "-k", "-t", "team0")[0] == 1


def test_one_that_does_not_end_is_waited_for(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_KILL_WAIT", 0.05)
    with _runs(shell.directory, "team0", heeds=False) as pid:
        code, _, error = shell.call("lacpd", "-k", "-t", "team0")
    assert code == 1
    assert error == f"lacpd: team0: process {pid} has not ended within 0.05 s\n"


# The name that it is called by.


def test_a_link_with_the_name_of_teamd_is_teamd(tmp_path: Path) -> None:
    script = tmp_path / "lacpd"
    script.write_text(
        f"#!{sys.executable}\n"
        f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n"
        "from lacp.cli.lacpd import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    link = tmp_path / "teamd"
    link.symlink_to(script)

    def say(program: Path, *words: str) -> tuple[int, str]:
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout

    assert say(script, "-v")[1].startswith("lacpd ")
    code, said = say(link, "--version")
    assert code == 0
    assert said.startswith("teamd 1.31 (lacpd ")
    code, said = say(link, "--help")
    assert code == 0
    runners = "broadcast, roundrobin, random, activebackup, loadbalance, lacp"
    assert f"Available runners: {runners}\n" in said
    assert "--config-dir" not in said
