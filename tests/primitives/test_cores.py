"""A share of the work in a copy of this process: the same answer, or an error; never a gap."""

import errno
import faulthandler
import marshal
import os
import select
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from coldsign.errors import MalformedError, UnfitError
from coldsign.primitives import cores
from coldsign.primitives.cores import ALONE, LEAST, PART, Cores


def share(cores, work, items, **how):
    with closing(cores.share(work, items, **how)) as found:
        return list(found)


def squares(numbers):
    return [(number * number, bytes([number % 256]), None, "é") for number in numbers]


def pids(items):
    return [os.getpid() for _ in items]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("size", [0, 1, LEAST, 2 * LEAST - 1, 2 * LEAST, 7 * LEAST + 13])
def test_the_answer_does_not_depend_on_how_many_work(count, size):
    assert share(Cores(count), squares, range(size)) == squares(range(size))


def test_an_answer_larger_than_a_pipe_comes_whole():
    big = share(Cores(2), lambda some: [bytes(10_000) for _ in some], range(2 * LEAST))
    assert big == [bytes(10_000)] * (2 * LEAST)


def test_long_work_is_shared_and_short_work_is_not():
    assert len(set(share(Cores(3), pids, range(3 * LEAST)))) == 3
    assert len(set(share(Cores(3), pids, range(2 * LEAST)))) == 2
    assert set(share(Cores(3), pids, range(2 * LEAST - 1))) == {os.getpid()}
    assert set(share(ALONE, pids, range(3 * LEAST))) == {os.getpid()}


@pytest.mark.parametrize("own", [0, 0.1, 0.5, 1.0])
def test_this_process_takes_the_part_it_is_told_and_answers_first(own):
    found = share(Cores(2), pids, range(2 * LEAST), own=own)
    mine = int(own * LEAST)
    assert found[:mine] == [os.getpid()] * mine
    assert len(set(found[mine:])) == 1
    assert os.getpid() not in found[mine:]


def test_a_child_is_seen_until_it_is_waited_for():
    child = os.posix_spawn("/bin/true", ["true"], {})
    with pytest.raises(AssertionError):
        no_children()
    os.waitpid(child, 0)
    no_children()


def test_copies_end_where_nobody_waits_for_them():
    with closing(Cores(2).share(squares, range(2 * LEAST))) as found:
        assert next(found) == squares([0])[0]
    no_children()


def test_no_copy_is_made_while_another_thread_works():
    go_on = threading.Event()
    other = threading.Thread(target=go_on.wait)
    other.start()
    try:
        assert set(share(Cores(2), pids, range(2 * LEAST))) == {os.getpid()}
    finally:
        go_on.set()
        other.join()


def raises(here):
    """Work that fails in this process only, or in its copies only."""
    pid = os.getpid()

    def work(items):
        if (os.getpid() == pid) is here:
            raise MalformedError("no")
        return list(items)

    return work


def dies(signal):
    pid = os.getpid()

    def work(items):
        if os.getpid() != pid:
            faulthandler.disable()  # pytest's would write a traceback of this death into the log
            os.kill(os.getpid(), signal)
        return list(items)

    return work


def children():
    """The processes this one started and has not waited for: other tests may have left some."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


EARLIER: set[str] = set()


@pytest.fixture(autouse=True)
def _earlier_children():
    EARLIER.clear()
    EARLIER.update(children())


def no_children():
    assert children() <= EARLIER


def open_files():
    return sum(1 for _ in Path("/dev/fd").iterdir())


def test_a_failure_in_a_copy_is_an_error(capfd):
    with pytest.raises(UnfitError, match="a helping process failed"):
        share(Cores(3), raises(here=False), range(3 * LEAST))
    no_children()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("signal", [9, 11, 15])
def test_the_death_of_a_copy_is_an_error(signal):
    with pytest.raises(UnfitError, match="a helping process failed"):
        share(Cores(2), dies(signal), range(2 * LEAST))
    no_children()


def test_a_failure_here_ends_the_copies():
    with pytest.raises(MalformedError, match="no"):
        share(Cores(3), raises(here=True), range(3 * LEAST))
    no_children()


def aside(count, work, items, *, expected=None):
    with Cores(count).aside(work, expected=len(items) if expected is None else expected) as beside:
        for item in items:
            beside.give(item)
        return beside.results()


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, LEAST, 7 * LEAST + 13])
@pytest.mark.parametrize("expected", [0, 2 * LEAST])
def test_what_a_copy_is_given_comes_back_in_order(count, size, expected):
    assert aside(count, squares, list(range(size)), expected=expected) == squares(range(size))
    no_children()


def test_a_copy_stands_beside_where_much_is_expected():
    for count, expected, elsewhere in (
        (2, 2 * LEAST, True),
        (1, 2 * LEAST, False),
        (2, 2 * LEAST - 1, False),
    ):
        found = set(aside(count, pids, [None] * 200, expected=expected))
        assert len(found) == 1
        assert (os.getpid() not in found) is elsewhere


def test_a_copy_that_is_given_much_and_asked_late_does_not_wait():
    big = [bytes(1000)] * (40 * PART)
    assert aside(2, lambda some: [len(one) for one in some], big) == [1000] * len(big)


def test_a_copy_works_before_it_is_asked():
    with Cores(2).aside(
        lambda some: [time.monotonic() for _ in some], expected=2 * LEAST
    ) as beside:
        for _ in range(PART):
            beside.give(None)
        until = time.monotonic() + 60
        while not select.select([beside._helper._telling], [], [], 0.01)[0]:
            assert time.monotonic() < until
        asked = time.monotonic()
        assert max(beside.results()) < asked


@pytest.mark.parametrize("number", [9, 11, 15])
def test_the_death_of_a_copy_aside_is_an_error(number):
    with pytest.raises(UnfitError, match="a helping process failed"):
        aside(2, dies(number), list(range(1000 * PART)))
    with pytest.raises(UnfitError, match="a helping process failed"):
        aside(2, dies(number), [0], expected=2 * LEAST)
    no_children()


def test_a_failure_of_a_copy_aside_is_an_error(capfd):
    with pytest.raises(UnfitError, match="a helping process failed"):
        aside(2, raises(here=False), list(range(2 * LEAST)))
    no_children()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda some: list(some)[1:], id="too few"),
        pytest.param(lambda some: [*some, 0], id="too many"),
    ],
)
def test_too_few_or_too_many_results_are_an_error(work):
    with pytest.raises(UnfitError, match="a helping process failed"):
        aside(2, work, list(range(2 * LEAST)))
    with pytest.raises(UnfitError, match="a helping process failed"):
        share(Cores(2), work, range(2 * LEAST), own=0)
    no_children()


def test_a_copy_aside_ends_where_its_results_are_not_wanted():
    files = open_files()
    with Cores(2).aside(squares, expected=2 * LEAST) as beside:
        beside.give(3)
    no_children()
    assert open_files() == files


def test_ctrl_c_is_not_for_a_copy():
    with Cores(2).aside(pids, expected=2 * LEAST) as beside:
        for _ in range(PART):
            beside.give(None)
        select.select([beside._helper._telling], [], [], 60)
        os.kill(beside._helper._pid, signal.SIGINT)
        assert beside.results() == [beside._helper._pid] * PART


def test_a_copy_does_not_outlive_the_process_that_asks():
    reading, writing = os.pipe()
    if not (asking := os.fork()):
        with Cores(2).aside(squares, expected=2 * LEAST):
            os.write(writing, b"asked")
            os._exit(0)
    os.waitpid(asking, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "asked"  # to the end: nobody is left who could write


def test_an_answer_that_is_no_plain_value_is_an_error():
    with pytest.raises(UnfitError):
        share(Cores(2), lambda some: [object() for _ in some], range(2 * LEAST))


def test_a_system_that_makes_no_more_processes_is_said_to(monkeypatch):
    made, fork = [], os.fork

    def one_fork():
        if made:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        made.append(fork())
        return made[0]

    monkeypatch.setattr(os, "fork", one_fork)
    files = open_files()
    with pytest.raises(UnfitError, match="no second process can be started: Resource"):
        share(Cores(3), squares, range(3 * LEAST))
    monkeypatch.undo()
    no_children()
    assert open_files() == files


def test_a_copy_writes_its_answer_and_ends(monkeypatch):
    statuses: list[int] = []

    def stop(status):
        statuses.append(status)
        raise SystemExit

    monkeypatch.setattr(os, "_exit", stop)
    monkeypatch.setattr(cores.signal, "signal", lambda *_: None)
    reading, writing = os.pipe()
    with pytest.raises(SystemExit):
        cores.serve(squares, [range(2), range(2, 3)], writing)
    with os.fdopen(reading, "rb") as pipe:
        assert [marshal.load(pipe), marshal.load(pipe)] == [squares(range(2)), squares([2])]
        with pytest.raises(SystemExit):
            cores.serve(raises(here=True), [range(3)], os.dup(pipe.fileno()))
    assert statuses == [0, 1]


def test_the_number_of_cores_is_that_of_this_process(monkeypatch):
    assert Cores.here() == Cores(len(os.sched_getaffinity(0)))
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert Cores.here() == Cores(3)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert Cores.here() == ALONE
    monkeypatch.delattr(os, "fork")
    assert Cores.here() == ALONE
