"""The runner of guests: what it brings back, what fails, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests import lab
from tests.interop import guest
from tests.interop.netns import namespaces, veth

pytestmark = pytest.mark.interop


# What runs inside


def add(left: int, right: int) -> dict[str, Any]:
    sys.stdout.write("adding\n")
    return {"sum": left + right, "words": ["one", None, 2.5, "µ"]}


def fail() -> None:
    sys.stdout.write("about to fail\n")
    raise ValueError("as it must")


def where() -> dict[str, str]:
    return {
        "directory": str(Path.cwd()),
        "python": sys.executable,
        "kernel": os.uname().release,
        "modules": Path("/proc/modules").read_text(),
    }


def write(directory: str) -> list[str]:
    refused = []
    for name in (str(guest.ROOT), "/etc", "/var/tmp", "/root"):
        try:
            (Path(name) / "left-by-a-guest").write_text("x")
        except OSError:
            refused.append(name)
    for name in ("/tmp", "/run", "/dev/shm", directory):
        (Path(name) / "left-by-a-guest").write_text("x" * 100_000)
    return refused


def skip() -> None:
    lab.need_tool("no-such-tool")


def cable() -> str:
    with namespaces(2) as (here, there):
        veth(here, "e0", there, "e0")
        with here.wire("e0") as left, there.wire("e0") as right:
            left.send(b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5" + b"over the cable")
            return right.recv(100)[14:].decode()


# What is seen of it outside


def children() -> set[int]:
    """The processes below this one that belong to guests; other guests may run on this machine."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (path / "stat").read_text().rpartition(") ")
        except OSError:
            continue
        names[int(path.name)] = name.partition("(")[2]
        parents[int(path.name)] = int(rest.split()[1])
    found: set[int] = set()
    for pid in parents:
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and names[pid] in ("linux.uml", "unshare", "setpriv", "sh"):
            found.add(pid)
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    guest.need()
    directory = tmp_path_factory.mktemp("guests")
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    yield
    assert list(directory.iterdir()) == []
    assert children() == set()


def test_a_function_gives_its_result() -> None:
    said: list[str] = []
    done = guest.run(add, {"left": 1, "right": 2}, echo=said.append)
    assert done.result == {"sum": 3, "words": ["one", None, 2.5, "µ"]}
    assert done.output == "adding\n"
    assert said == ["adding"]
    assert 0 < done.boot < done.seconds


def test_it_runs_in_the_repository_with_the_modules_that_were_asked_for() -> None:
    modules = [*guest.BONDING_MODULES, *guest.TEAM_MODULES]
    found = guest.run(where, modules=modules).result
    assert found["directory"] == str(guest.ROOT)
    assert found["python"] == sys.executable
    assert found["kernel"] != os.uname().release
    loaded = {line.split()[0] for line in found["modules"].splitlines()}
    assert loaded >= {*modules, *guest.BASE_MODULES}


def test_namespaces_and_cables_work_inside() -> None:
    assert guest.run(cable).result == "over the cable"


def test_a_command_gives_its_output() -> None:
    done = guest.run(["sh", "-c", "echo one; echo two >&2; printf three"])
    assert (done.result, done.output) == (None, "one\ntwo\nthree")


def test_only_what_was_named_can_be_written(tmp_path: Path) -> None:
    refused = guest.run(write, {"directory": str(tmp_path)}, writable=[tmp_path]).result
    assert refused == [str(guest.ROOT), "/etc", "/var/tmp", "/root"]
    assert (tmp_path / "left-by-a-guest").read_text() == "x" * 100_000
    for name in ("/tmp", "/run", "/dev/shm", guest.ROOT):
        assert not (Path(name) / "left-by-a-guest").exists()


def test_a_function_that_raises_is_a_failure_with_its_traceback() -> None:
    with pytest.raises(guest.GuestError, match="exit status 1") as error:
        guest.run(fail)
    assert error.value.status == 1
    assert "about to fail" in error.value.output
    assert "ValueError: as it must" in str(error.value)


def test_a_command_that_fails_gives_its_status() -> None:
    with pytest.raises(guest.GuestError) as error:
        guest.run(["sh", "-c", "exit 42"])
    assert error.value.status == 42


def test_a_function_that_the_guest_could_not_find_is_refused() -> None:
    with pytest.raises(ValueError, match="at its top"):
        guest.run(lambda: 1)


def test_a_module_that_is_missing_is_said() -> None:
    with pytest.raises(guest.GuestError, match="no such module") as error:
        guest.run(["true"], modules=["no_such_module"])
    assert "no_such_module" in error.value.output


def test_a_guest_that_dies_is_a_failure() -> None:
    with pytest.raises(guest.GuestError, match="the guest died"):
        guest.run(["sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60"])


def test_a_program_without_end_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(guest.GuestError, match="did not end in 6 s") as error:
        guest.run(["sh", "-c", "echo busy; sleep 1000 & sleep 1000"], timeout=6)
    assert time.monotonic() - start < 12
    assert "busy" in error.value.output


def test_a_skip_inside_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LACP_REQUIRE_LAB", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs no-such-tool"):
        guest.run(skip)


def test_a_skip_inside_is_a_failure_where_the_lab_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LACP_REQUIRE_LAB", "1")
    with pytest.raises(guest.GuestError, match="allows no skip"):
        guest.run(skip)


def test_several_guests_at_a_time_do_not_meet() -> None:
    with ThreadPoolExecutor() as pool:
        ran = [pool.submit(guest.run, add, {"left": n, "right": n}) for n in range(3)]
    assert [each.result().result["sum"] for each in ran] == [0, 2, 4]


def test_ctrl_c_ends_the_guest() -> None:
    def interrupt(line: str) -> None:
        assert line == "busy"
        threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()

    with pytest.raises(KeyboardInterrupt):
        guest.run(["sh", "-c", "echo busy; sleep 1000"], echo=interrupt)


def test_a_guest_ends_with_whoever_ran_it(tmp_path: Path) -> None:
    code = (
        "from tests.interop import guest\n"
        "guest.run(['sh', '-c', 'echo busy; sleep 1000'], echo=print)"
    )
    command = [sys.executable, "-u", "-c", code]
    # Who is killed cannot remove its directory.
    env = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=guest.ROOT, env=env, stdout=subprocess.PIPE) as runner:
        assert runner.stdout is not None
        assert runner.stdout.readline() == b"busy\n"
        guests = children()
        assert guests
        runner.kill()
    end = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in guests) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in guests)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert guest.missing() is None
    with monkeypatch.context() as here:
        here.setattr(lab, "UML_MODULES", tmp_path / "none")
        assert guest.missing() == "the modules of user-mode Linux"
    with monkeypatch.context() as here:
        here.setenv("PATH", str(tmp_path))
        assert guest.missing() == "linux.uml"
    with monkeypatch.context() as here:
        here.setattr(os, "geteuid", lambda: 1000)
        here.delenv("LACP_REQUIRE_LAB", raising=False)
        with pytest.raises(pytest.skip.Exception, match="needs user-mode Linux: root"):
            guest.need()
