"""The pages made from the program are up to date, and every promise of them is written down."""

import ast
import re
from pathlib import Path

import pytest

from coldsign.review.render import to_lines
from tests.review.build import Draft
from tests.tools import docs

ROOT = Path(__file__).resolve().parent.parent
MAKERS = {"refuse", "confirm", "note"}
PAGES = sorted(
    page
    for pages in ("*.md", "docs/**/*.md", "tests/**/*.md")
    for page in ROOT.glob(pages)
    if "node_modules" not in page.parts
)
# Registry hosts and paths of one machine have no place in a page.
FOREIGN = re.compile(
    r"(pypi|pythonhosted|npmjs|deb\.debian|debian)\.org|(^|[\s`(])/(root|home|work|tmp)/"
)


@pytest.mark.parametrize("name", docs.PAGES)
def test_page_is_what_the_program_says(name: str) -> None:
    page = (docs.DOCS / name).read_text()
    assert page == docs.PAGES[name](), f"run: python -m tests.tools.docs (writes {name})"


def test_every_command_and_option_has_help() -> None:
    for name, command in docs.commands():
        assert command.help, name
        for parameter in command.params:
            if isinstance(parameter, docs.click.Option):
                assert parameter.help, f"{name} {parameter.opts}"


def test_every_exit_code_is_documented() -> None:
    page = (docs.DOCS / "exit-codes.md").read_text()
    rows = {int(row) for row in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert rows == {0, *docs.exit_codes()}


@pytest.mark.parametrize("check", docs.CHECKS, ids=docs.code)
def test_every_finding_has_a_whole_manual(check: docs.Check) -> None:
    said = docs.manual(check)
    assert list(said) == ["", "Severity", "Gain", "Do"]
    assert said["Severity"].split()[0].rstrip(",;.") in {"refuse", "confirm", "note"}
    assert all(said.values())


def test_every_finding_made_is_in_the_catalogue() -> None:
    made = set()
    for path in sorted((ROOT / "coldsign" / "review" / "checks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
                made |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
    assert made
    assert made <= {docs.code(check) for check in docs.CHECKS}


def test_the_readme_shows_a_review_as_it_is() -> None:
    page = (ROOT / "README.md").read_text()
    session = page.partition("$ coldsign inspect ")[2].partition("\n$ ")[0]
    review = iter([line.text for line in to_lines(Draft().review(), 80)])
    shown = [line for line in session.splitlines()[1:] if line != "…"]
    assert shown
    assert all(line in review for line in shown)  # each behind the one before


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_name_no_registry_host_and_no_machine(path: Path) -> None:
    assert not FOREIGN.search(path.read_text())
