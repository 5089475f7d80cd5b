"""What is installed is what is locked, and what is built holds what it should and nothing else."""

import ast
import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIREMENTS = sorted((ROOT / ".ci" / "requirements").glob("*.txt"))
PINNED = re.compile(
    r"^(?P<name>[a-z0-9.-]+)==(?P<version>\S+)(?: ; .*?)? \\\n(?P<hashes>(?: +--hash.*\n?)+)",
    re.MULTILINE,
)
# All the program runs on, with the extra. Whoever adds one says why in docs/dependencies.md.
RUNTIME = {
    "av", "click", "colorama", "markdown-it-py", "mdurl", "pillow", "pygments", "pyrage",
    "python-bitcoinlib", "pyzbar", "qrcode", "rich", "wallycore", "zxing-cpp",
}  # fmt: skip


def locked_hashes(name: str, version: str) -> set[str]:
    """Every hash the lock file has of one package's files."""
    found: set[str] = set()
    for package in LOCK["package"]:
        if (package["name"], package.get("version")) == (name, version):
            files = [
                *package.get("wheels", []),
                *([package["sdist"]] if "sdist" in package else []),
            ]
            found |= {file["hash"] for file in files}
    return found


def pins(path: Path) -> dict[tuple[str, str], set[str]]:
    """The packages of a requirements file, with their hashes."""
    text = path.read_text()
    found = {
        (match["name"], match["version"]): set(re.findall(r"--hash=(\S+)", match["hashes"]))
        for match in PINNED.finditer(text)
    }
    assert len(found) == len(re.findall(r"^[a-z]", text, re.MULTILINE)), f"{path}: an unpinned line"
    return found


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirements_are_the_locked_files(path: Path) -> None:
    found = pins(path)
    assert found
    for (name, version), hashes in found.items():
        assert hashes == locked_hashes(name, version), f"{name}: run sh .ci/lock"


def test_lock_file_is_of_this_project() -> None:
    """The same check as `uv lock --check`, for what this project asks for itself."""
    (own,) = (package for package in LOCK["package"] if package["name"] == "coldsign")
    asked = PROJECT["project"]["dependencies"]
    assert len(own["metadata"]["requires-dist"]) == len(asked) + sum(
        map(len, PROJECT["project"]["optional-dependencies"].values())
    )
    assert LOCK["options"]["exclude-newer"] == PROJECT["tool"]["uv"]["exclude-newer"]
    assert LOCK["requires-python"] == PROJECT["project"]["requires-python"]


def test_nothing_is_locked_twice_without_need() -> None:
    camera = pins(ROOT / ".ci" / "requirements" / "camera.txt")
    assert {name for name, _ in camera} == RUNTIME


def test_every_dependency_is_explained() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    asked = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["camera"],
    ]
    for group in PROJECT["dependency-groups"].values():
        asked += [one for one in group if isinstance(one, str)]
    for requirement in asked:
        name = re.split(r"[\[<>=; ]", requirement)[0]
        assert f"`{name}`" in page, name


def build(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "SOURCE_DATE_EPOCH": "1767225600"},
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("first"))


def test_wheel_is_the_same_every_time(wheel: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert again.name == wheel.name
    assert (
        hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()
    )


def test_wheel_holds_the_package_and_its_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "coldsign").rglob("*.py")}
    assert sources <= names
    assert "coldsign/py.typed" in names
    others = {name for name in names if not name.startswith("coldsign/")}
    folder = f"{wheel.name.split('-py3')[0]}.dist-info"
    assert others == {
        f"{folder}/{name}"
        for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }


def test_version_is_in_one_place() -> None:
    tree = ast.parse((ROOT / "coldsign" / "__init__.py").read_text())
    values = [
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    ]
    (version,) = values
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(version))


@pytest.mark.parametrize(
    "script", sorted(path.name for path in (ROOT / ".ci").iterdir() if path.is_file())
)
def test_scripts_are_well_formed(script: str) -> None:
    path = ROOT / ".ci" / script
    shell = path.read_text().splitlines()[0].removeprefix("#!")
    subprocess.run([shell, "-n", path], check=True, capture_output=True)
    assert not re.search(r"https?://|/(root|work)/", path.read_text())
