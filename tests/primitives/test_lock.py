"""Locks: one writer, and readers who may not write."""

import errno
import fcntl
import os
import signal
from pathlib import Path

import pytest

from coldsign.errors import UnfitError, UsageError
from coldsign.primitives import lock
from coldsign.primitives.lock import exclusive_lock, reading_lock
from tests.readonly import read_only


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


class TestLock:
    def test_a_second_holder_is_refused_at_once(self, home: Path) -> None:
        with (
            exclusive_lock(home / "lock"),
            pytest.raises(UnfitError, match=f"process {os.getpid()}") as caught,
            exclusive_lock(home / "lock", wait_seconds=0),
        ):
            pytest.fail("two holders")
        assert caught.value.code == "busy"
        with exclusive_lock(home / "lock", wait_seconds=0):
            pass

    def test_waits_for_the_other(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        first = exclusive_lock(home / "lock")
        first.__enter__()
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            first.__exit__(None, None, None)

        monkeypatch.setattr(lock.time, "sleep", sleep)
        with exclusive_lock(home / "lock", wait_seconds=60):
            assert len(waits) == 1

    def test_a_dead_holder_does_not_hold(self, home: Path) -> None:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            with exclusive_lock(home / "lock"):
                os.write(writing, b"held")
                signal.pause()
        assert os.read(reading, 4) == b"held"
        with (
            pytest.raises(UnfitError, match=f"process {child}"),
            exclusive_lock(home / "lock", wait_seconds=0),
        ):
            pytest.fail("two holders")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with exclusive_lock(home / "lock", wait_seconds=0):
            pass
        os.close(reading)
        os.close(writing)

    def test_a_disk_without_locks_is_named(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none(*_args: object) -> None:
            raise OSError(errno.ENOLCK, "no")

        monkeypatch.setattr(lock.fcntl, "flock", none)
        with pytest.raises(UnfitError, match="cannot lock"), exclusive_lock(home / "lock"):
            pass

    def test_a_lock_that_cannot_be_made(self, home: Path) -> None:
        with pytest.raises(UsageError), exclusive_lock(home / "no" / "lock"):
            pass
        (home / "link").symlink_to(home / "x")
        with pytest.raises(UnfitError, match="symbolic link"), exclusive_lock(home / "link"):
            pass


class TestReadingLock:
    def test_it_keeps_a_writer_out_and_waits_for_one(self, home: Path) -> None:
        with reading_lock(home / "lock") as keeps_out:
            assert keeps_out
            with (
                pytest.raises(UnfitError, match=f"process {os.getpid()}"),
                exclusive_lock(home / "lock", wait_seconds=0),
            ):
                pytest.fail("a writer beside a reader")
        with (
            exclusive_lock(home / "lock"),
            pytest.raises(UnfitError, match="is using"),
            reading_lock(home / "lock", wait_seconds=0),
        ):
            pytest.fail("a reader beside a writer")

    def test_without_permission_to_write_it_keeps_writers_out_too(self, home: Path) -> None:
        with exclusive_lock(home / "lock"):
            pass
        with read_only(home) as fixed:
            with (
                reading_lock(fixed / "lock") as keeps_out,
                reading_lock(fixed / "lock", wait_seconds=0) as both,
            ):
                assert keeps_out
                assert both
                assert _must_wait(fixed / "lock")
            assert not _must_wait(fixed / "lock")

    def test_without_a_lock_file_or_permission_to_make_one_it_says_so(self, home: Path) -> None:
        with read_only(home) as fixed, reading_lock(fixed / "lock") as keeps_out:
            assert not keeps_out

    def test_what_is_no_lock_file_is_named(self, home: Path) -> None:
        (home / "link").symlink_to(home / "x")
        with pytest.raises(UnfitError, match="symbolic link"), reading_lock(home / "link"):
            pass
        with pytest.raises(UsageError), reading_lock(home / "no" / "lock"):
            pass

    def test_a_lock_file_that_may_not_even_be_read_is_named(self, home: Path) -> None:
        (home / "lock").touch(0o600)
        with read_only(home) as fixed:
            (fixed / "lock").chmod(0)
            with pytest.raises(UnfitError, match="cannot lock"), reading_lock(fixed / "lock"):
                pass


def _must_wait(path: Path) -> bool:
    """Whether somebody who wants to write would have to wait."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
