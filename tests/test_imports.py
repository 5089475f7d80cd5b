"""The import order is the architecture: floors stand on earlier floors, libraries stay in place."""

import ast
import functools
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "coldsign"
FILES = sorted(PACKAGE.rglob("*.py"))

# A floor and what it may import; each row names only earlier rows, so no cycle is possible.
FLOORS: dict[str, set[str]] = {
    "errors": set(),
    "primitives": {"errors"},
    "psbt": {"errors", "primitives"},
    "qr": {"errors", "primitives"},
    "keys": {"errors", "primitives"},
    "wallet": {"errors", "primitives", "keys"},
    "review": {"primitives", "psbt", "wallet"},
    "controls": {"errors", "primitives", "psbt", "wallet", "review"},
    "signer": {"errors", "primitives", "psbt", "keys", "wallet", "controls"},
}
FLOORS["ceremony"] = set(FLOORS)
FLOORS["cli"] = set(FLOORS)
ALL_ABOVE = {"ceremony", "cli"}

# A library and the files that may import it: the untyped and the dangerous ones in one or two.
EDGES: dict[str, tuple[str, ...]] = {
    "av": ("qr/film.py",),
    "bitcoin": ("primitives/script.py", "primitives/tx.py"),
    "click": ("cli/*",),
    "PIL": ("qr/*",),
    "pyrage": ("keys/agefile.py",),
    "pyzbar": ("qr/eyes.py",),
    "qrcode": ("qr/symbol.py",),
    "rich": ("cli/*",),
    "wallycore": ("primitives/secp.py",),
    "zxingcpp": ("qr/eyes.py",),
}
# Doors of the standard library that only these files may open.
DOORS: dict[str, tuple[str, ...]] = {
    "asyncio": (),
    "ctypes": ("primitives/process.py", "keys/secret.py", "qr/eyes.py"),
    "http": (),
    "marshal": ("primitives/cores.py",),
    "multiprocessing": ("controls/audit.py",),
    "pickle": (),
    "random": (),
    "secrets": (),
    "socket": (),
    "ssl": (),
    "subprocess": ("controls/gpg_process.py", "qr/child.py"),
    "time": (
        "primitives/lock.py",
        "qr/child.py",
        "ceremony/checkup.py",
        "cli/show.py",
        "cli/watch.py",
    ),
    "urllib": (),
}
# bitcoin.core.key and bitcoin.wallet load OpenSSL; bitcoin.SelectParams is a global.
BITCOIN_MODULES = {"bitcoin.core", "bitcoin.core.script", "bitcoin.core.serialize"}
BROAD = {"", "BaseException", "Exception"}
OUTER_EDGE = "cli/app.py"
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file's syntax tree."""
    return tuple(ast.walk(ast.parse(path.read_bytes())))


def imports(path: Path) -> Iterator[str]:
    """Every module name a file imports, `import` statements inside functions included."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield str(node.module)
            if node.module == "coldsign":
                yield from (f"coldsign.{alias.name}" for alias in node.names)


def place(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def floor(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_folder_and_file_is_a_floor() -> None:
    assert {floor(path) for path in FILES} == {*FLOORS, "__init__", "__main__"}


def test_floors_stand_on_earlier_floors() -> None:
    for number, allowed in enumerate(FLOORS.values()):
        assert allowed <= set(list(FLOORS)[:number])


def imports_only_what_its_floor_stands_on(path: Path) -> None:
    allowed = FLOORS.get(floor(path), set(FLOORS)) | {floor(path), "__version__"}
    used = {name.split(".")[1] for name in imports(path) if name.startswith("coldsign.")}
    assert used <= allowed


def leaves_libraries_in_their_place(path: Path) -> None:
    for name in imports(path):
        library = name.split(".")[0]
        for table in (EDGES, DOORS):
            patterns = table.get(library)
            assert patterns is None or any(fnmatch(place(path), one) for one in patterns), name
        if library == "bitcoin":
            assert name in BITCOIN_MODULES


def test_nothing_is_allowed_that_nobody_does() -> None:
    """A library that went, or moved, or a floor no longer stood on, leaves these tables too."""
    used = {(place(path), name.split(".")[0]) for path in FILES for name in imports(path)}
    for library, patterns in (*EDGES.items(), *DOORS.items()):
        for pattern in patterns:
            assert any(one == library and fnmatch(at, pattern) for at, one in used), pattern
    stood_on = {
        (floor(path), name.split(".")[1])
        for path in FILES
        for name in imports(path)
        if name.startswith("coldsign.")
    }
    for own, allowed in FLOORS.items():
        if own not in ALL_ABOVE:
            assert {(own, one) for one in allowed} <= stood_on


def test_the_page_shows_this_table() -> None:
    page = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z]+)` \|.*\| ([a-z ]+) \|$", page, re.MULTILINE))
    shown = {name: set(allowed.split()) - {"nothing"} for name, allowed in rows.items()}
    assert all(shown.pop(name) == {"all", "above"} for name in ALL_ABOVE)
    assert shown == {name: FLOORS[name] for name in FLOORS if name not in ALL_ABOVE}


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """A function's lines without its docstring, which may be as long as it must."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def is_short_and_so_are_its_functions(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert code_lines(node) <= MAX_FUNCTION_LINES, node.name


def swallows_no_error_unseen(path: Path) -> None:
    """Whoever catches everything raises it again; only the program's outer edge may not."""
    for node in nodes(path):
        if isinstance(node, ast.ExceptHandler) and place(path) != OUTER_EDGE:
            named = ast.walk(node.type) if node.type else [ast.Name("")]
            broad = {one.id for one in named if isinstance(one, ast.Name)} & BROAD
            last = node.body[-1]
            assert not broad or (isinstance(last, ast.Raise) and last.exc is None), node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_keeps_the_rules(path: Path) -> None:
    imports_only_what_its_floor_stands_on(path)
    leaves_libraries_in_their_place(path)
    is_short_and_so_are_its_functions(path)
    swallows_no_error_unseen(path)


def test_packages_reexport_nothing() -> None:
    for path in PACKAGE.glob("*/__init__.py"):
        if floor(path) != "cli":
            body = ast.parse(path.read_bytes()).body
            assert all(isinstance(node, ast.Expr) for node in body), path
