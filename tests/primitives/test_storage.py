"""Files that survive a crash, a full disk and a hostile neighbour."""

import errno
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from coldsign.errors import ColdsignError, MalformedError, UnfitError, UsageError
from coldsign.primitives.storage import (
    append_durably,
    atomic_write,
    ensure_private_dir,
    open_private,
    open_to_cut,
    read_private,
    read_untrusted,
    write_output,
)
from tests.killing import steps_survived


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return ensure_private_dir(tmp_path / "a" / "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestFolders:
    def test_missing_parents_are_closed_too(self, home: Path) -> None:
        assert mode(home) == mode(home.parent) == 0o700
        assert ensure_private_dir(home) == home

    def test_an_empty_open_folder_is_closed(self, tmp_path: Path) -> None:
        folder = tmp_path / "open"
        folder.mkdir()
        folder.chmod(0o755)
        assert mode(ensure_private_dir(folder)) == 0o700

    def test_a_used_open_folder_is_refused(self, tmp_path: Path) -> None:
        folder = tmp_path / "open"
        folder.mkdir()
        (folder / "x").touch()
        folder.chmod(0o755)
        with pytest.raises(UnfitError, match=r"open to other users \(mode 0755\)") as caught:
            ensure_private_dir(folder)
        assert "chmod 700" in caught.value.hint
        assert mode(folder) == 0o755

    def test_a_link_a_file_and_another_users_folder_are_refused(
        self, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        link = tmp_path / "link"
        link.symlink_to(home)
        with pytest.raises(UnfitError, match="a symbolic link, not a folder"):
            ensure_private_dir(link)
        file = tmp_path / "file"
        file.touch()
        with pytest.raises(UnfitError, match="is a file, not a folder"):
            ensure_private_dir(file)
        with pytest.raises(UsageError, match="not a folder"):
            ensure_private_dir(file / "below")
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        with pytest.raises(UnfitError, match="another user"):
            ensure_private_dir(home)


class TestAtomicWrite:
    def test_writes_and_replaces(self, home: Path) -> None:
        path = home / "x"
        atomic_write(path, b"one", replace=False)
        assert (path.read_bytes(), mode(path)) == (b"one", 0o600)
        atomic_write(path, b"two", replace=True)
        assert (path.read_bytes(), names(home)) == (b"two", ["x"])

    def test_never_overwrites_unasked(self, home: Path) -> None:
        path = home / "x"
        path.write_bytes(b"old")
        with pytest.raises(UsageError, match="it exists already") as caught:
            atomic_write(path, b"new", replace=False)
        assert caught.value.code == "file-exists"
        assert (path.read_bytes(), names(home)) == (b"old", ["x"])

    def test_replaces_a_link_and_not_its_target(self, home: Path) -> None:
        (home / "target").write_bytes(b"keep")
        (home / "link").symlink_to(home / "target")
        atomic_write(home / "link", b"new", replace=True)
        assert (home / "target").read_bytes() == b"keep"
        assert not (home / "link").is_symlink()

    def test_a_missing_folder_is_named(self, home: Path) -> None:
        with pytest.raises(UsageError, match="does not exist"):
            atomic_write(home / "no" / "x", b"", replace=True)

    def test_steps_over_a_leftover_of_the_same_process_number(self, home: Path) -> None:
        leftover = home / f".{os.getpid()}-0.tmp"
        leftover.write_bytes(b"left")
        atomic_write(home / "x", b"new", replace=True)
        assert names(home) == [leftover.name, "x"]
        assert leftover.read_bytes() == b"left"

    @pytest.mark.parametrize("call", ["write", "fsync", "rename"])
    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (errno.ENOSPC, "the disk is full"),
            (errno.EDQUOT, "quota"),
            (errno.EROFS, "read-only"),
            (errno.EACCES, "permission denied"),
            (errno.EIO, "input/output error"),
        ],
    )
    def test_a_failure_leaves_everything_as_it_was(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, words: str
    ) -> None:
        atomic_write(home / "x", b"old", replace=True)

        def fail(*_arguments: object) -> None:
            raise OSError(number, "no")

        monkeypatch.setattr(os, call, fail)
        with pytest.raises(UnfitError, match=words):
            atomic_write(home / "x", b"new", replace=True)
        monkeypatch.undo()
        assert (names(home), (home / "x").read_bytes()) == (["x"], b"old")

    def test_ctrl_c_leaves_everything_as_it_was(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*_arguments: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            atomic_write(home / "x", b"new", replace=False)
        assert names(home) == []

    def test_a_stick_without_hard_links(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_links(*_arguments: object, **_options: object) -> None:
            raise OSError(errno.EPERM, "vfat")

        monkeypatch.setattr(os, "link", no_links)
        atomic_write(home / "x", b"new", replace=False)
        with pytest.raises(UsageError, match="exists already"):
            atomic_write(home / "x", b"newer", replace=False)
        assert (names(home), (home / "x").read_bytes()) == (["x"], b"new")

        def fail(*_arguments: object) -> None:
            raise OSError(errno.EIO, "no")

        monkeypatch.setattr(os, "rename", fail)
        with pytest.raises(UnfitError):
            atomic_write(home / "y", b"new", replace=False)
        assert names(home) == ["x"]

    def test_another_fault_of_linking(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_arguments: object, **_options: object) -> None:
            raise OSError(errno.EIO, "no")

        monkeypatch.setattr(os, "link", fail)
        with pytest.raises(UnfitError, match="input/output error"):
            atomic_write(home / "x", b"new", replace=False)

    @pytest.mark.parametrize("replace", [True, False])
    def test_killed_at_every_step_it_is_old_or_new(self, home: Path, replace: bool) -> None:
        path = home / "x"
        if replace:
            path.write_bytes(b"old" * 1000)

        def check() -> None:
            content = path.read_bytes() if path.exists() else None
            assert content in ({b"old" * 1000, b"new" * 1000} if replace else {None, b"new" * 1000})
            assert all(name == "x" or name.startswith(".") for name in names(home))
            if replace:
                path.write_bytes(b"old" * 1000)
            else:
                path.unlink(missing_ok=True)

        done = steps_survived(
            lambda: atomic_write(path, b"new" * 1000, replace=replace), check=check
        )
        assert done >= 5

    def test_a_folder_that_cannot_be_synced(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = os.fsync

        def fsync(descriptor: int, number: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(number, "no")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", lambda descriptor: fsync(descriptor, errno.EINVAL))
        atomic_write(home / "x", b"new", replace=True)
        monkeypatch.setattr(os, "fsync", lambda descriptor: fsync(descriptor, errno.EIO))
        with pytest.raises(UnfitError):
            atomic_write(home / "x", b"newer", replace=True)


class TestOrder:
    """What a power cut can leave is decided by the order in which things reach the disk."""

    @pytest.fixture
    def steps(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        done: list[str] = []

        def noting(name: str, real: Callable[..., object]) -> Callable[..., object]:
            def noted(*arguments: object, **options: object) -> object:
                what = name
                if name == "fsync":
                    is_folder = stat.S_ISDIR(os.fstat(int(str(arguments[0]))).st_mode)
                    what = "sync folder" if is_folder else "sync file"
                done.append(what)
                return real(*arguments, **options)

            return noted

        for name in ("write", "fsync", "rename", "link"):
            monkeypatch.setattr(os, name, noting(name, getattr(os, name)))
        return done

    def test_a_file_is_on_the_disk_before_it_has_its_name(
        self, home: Path, steps: list[str]
    ) -> None:
        atomic_write(home / "x", b"new", replace=True)
        assert steps == ["write", "sync file", "rename", "sync folder"]
        steps.clear()
        atomic_write(home / "y", b"new", replace=False)
        assert steps == ["write", "sync file", "link", "sync folder"]

    def test_a_line_is_on_the_disk_before_anything_follows(
        self, home: Path, steps: list[str]
    ) -> None:
        append_durably(home / "log", b"one\n")
        assert steps == ["write", "sync file", "sync folder"]
        steps.clear()
        append_durably(home / "log", b"two\n")
        assert steps == ["write", "sync file"]


class TestAppend:
    def test_makes_and_grows_a_private_file(self, home: Path) -> None:
        assert append_durably(home / "log", b"one\n") == 4
        assert append_durably(home / "log", b"two\n") == 8
        assert ((home / "log").read_bytes(), mode(home / "log")) == (b"one\ntwo\n", 0o600)

    def test_refuses_what_is_not_private(self, home: Path) -> None:
        (home / "open").touch()
        (home / "open").chmod(0o644)
        with pytest.raises(UnfitError, match="open to other users"):
            append_durably(home / "open", b"x")
        (home / "link").symlink_to(home / "open")
        with pytest.raises(UnfitError, match="a symbolic link"):
            append_durably(home / "link", b"x")

    def test_a_full_disk_cuts_back(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = home / "log"
        append_durably(path, b"one\n")
        real = os.write

        def half(descriptor: int, data: bytes) -> int:
            if len(data) > 2:
                return real(descriptor, data[:2])
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(os, "write", half)
        with pytest.raises(UnfitError, match="the disk is full") as caught:
            append_durably(path, b"two\n")
        assert caught.value.code == "disk-full"
        assert path.read_bytes() == b"one\n"


class TestReading:
    def test_private(self, home: Path) -> None:
        atomic_write(home / "x", b"abc", replace=True)
        assert read_private(home / "x", 3) == b"abc"
        with pytest.raises(MalformedError, match="larger than the 2 bytes"):
            read_private(home / "x", 2)
        with pytest.raises(UsageError, match="does not exist") as caught:
            read_private(home / "y", 2)
        assert caught.value.code == "no-such-file"

    @pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o660])
    def test_private_to_others_is_refused(self, home: Path, bits: int) -> None:
        atomic_write(home / "x", b"abc", replace=True)
        (home / "x").chmod(bits)
        with pytest.raises(UnfitError, match="open to other users") as caught:
            read_private(home / "x", 3)
        assert "chmod 600" in caught.value.hint
        with pytest.raises(UnfitError), open_private(home / "x"):
            pass

    def test_what_is_no_file_is_refused(self, home: Path) -> None:
        os.mkfifo(home / "pipe", 0o600)
        with pytest.raises(UnfitError, match="is a pipe, not a file"):
            read_private(home / "pipe", 3)
        with pytest.raises(UsageError, match="it is a folder"):
            read_private(home, 3)
        (home / "link").symlink_to(home / "pipe")
        with pytest.raises(UnfitError, match="symbolic link"):
            read_private(home / "link", 3)

    def test_open_private_turns_failures_into_ours(self, home: Path) -> None:
        atomic_write(home / "x", b"abc", replace=True)
        with open_private(home / "x") as file:
            assert file.read() == b"abc"
        for opening in (open_private, open_to_cut):
            with pytest.raises(UnfitError, match="input/output"), opening(home / "x"):
                raise OSError(errno.EIO, "no")

    def test_what_is_opened_to_be_read_cannot_be_cut(self, home: Path) -> None:
        atomic_write(home / "x", b"abc", replace=True)
        with open_private(home / "x") as file:
            assert not file.writable()
        with open_to_cut(home / "x") as file:
            file.truncate(1)
        assert read_private(home / "x", 3) == b"a"
        (home / "x").chmod(0o640)
        with pytest.raises(UnfitError, match="open to other users"), open_to_cut(home / "x"):
            pass

    def test_untrusted(self, home: Path, tmp_path: Path) -> None:
        path = tmp_path / "in"
        path.write_bytes(b"abc")
        (tmp_path / "link").symlink_to(path)
        assert read_untrusted(path, 3, what="manifest") == b"abc"
        assert read_untrusted(tmp_path / "link", 3, what="manifest") == b"abc"
        assert read_untrusted(io.BytesIO(b"abc"), 3, what="manifest") == b"abc"
        for source in (path, io.BytesIO(b"abc"), Path("/dev/zero")):
            with pytest.raises(MalformedError, match="manifest is larger than 2 bytes"):
                read_untrusted(source, 2, what="manifest")
        with pytest.raises(UsageError, match=r"cannot read the manifest .*folder"):
            read_untrusted(tmp_path, 2, what="manifest")
        with pytest.raises(UsageError, match="does not exist"):
            read_untrusted(tmp_path / "no", 2, what="manifest")

    def test_a_stream_that_fails(self) -> None:
        class Failing(io.RawIOBase):
            def read(self, size: int = -1, /) -> bytes:
                raise OSError(errno.EIO, "no")

        with pytest.raises(UnfitError, match="cannot read the PSBT -: input/output error"):
            read_untrusted(Failing(), 2, what="PSBT")

    def test_an_ugly_name_is_escaped(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError) as caught:
            read_untrusted(tmp_path / "a\x1b[2Jb", 2, what="PSBT")
        assert "\x1b" not in caught.value.message

    def test_a_name_too_long(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="name is too long"):
            read_untrusted(tmp_path / ("a" * 300), 2, what="PSBT")


class TestOutput:
    def test_writes_and_is_careful(self, tmp_path: Path) -> None:
        path = tmp_path / "out"
        write_output(path, b"one", force=False)
        with pytest.raises(UsageError, match="exists already") as caught:
            write_output(path, b"two", force=False)
        assert "--force" in caught.value.hint
        write_output(path, b"two", force=True)
        assert path.read_bytes() == b"two"

    def test_goes_through_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "out")
        os.mkfifo(tmp_path / "pipe")
        for name, words in (("link", "symbolic link"), ("pipe", "pipe"), (".", "folder")):
            with pytest.raises(UsageError, match=words):
                write_output(tmp_path / name, b"x", force=True)
        with pytest.raises(UsageError, match="a device"):
            write_output(Path("/dev/null"), b"x", force=True)
        assert not (tmp_path / "out").exists()
        with pytest.raises(UsageError, match="not a folder"):
            write_output(tmp_path / "pipe" / "x", b"x", force=False)
        with pytest.raises(UsageError, match="does not exist"):
            write_output(tmp_path / "no" / "x", b"x", force=False)


def test_an_error_without_a_number_is_still_ours() -> None:
    from coldsign.primitives.filefault import failure

    assert isinstance(failure(OSError(), "cannot read", Path("x")), ColdsignError)
