"""A million deposit addresses, one of which is not ours."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from coldsign.wallet.registry import Registry
from tests.controls.gnupg import people
from tests.live.custodian import Desk, address, laptop, memory

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROWS = int(os.environ.get("COLDSIGN_AUDIT_ROWS", "1_000_000"))
PART = 10_000
MEGABYTES = 1500  # of address space for each process, most of it never touched


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    for gpg in people():
        yield Desk(laptop(tmp_path / "laptop", gpg, [gpg.make("anna")]), gpg)


def _lines(home: Path, start: int) -> str:
    wallet = Registry(home).load("vault")
    return "".join(f"{wallet.address(0, n)},{n}\n" for n in range(start, start + PART))


def test_one_foreign_address_among_a_million(desk: Desk) -> None:
    path = desk.folder / "list.csv"
    with path.open("w") as file, ProcessPoolExecutor(2) as pool:
        for text in pool.map(_lines, [desk.home] * (ROWS // PART), range(0, ROWS, PART)):
            file.write(text)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        place = file.tell() - len(f",{ROWS - 1}") - len(desk.wallet.address(0, 0))
        file.seek(place)
        foreign = desk.wallet.address(0, ROWS)
        file.write(foreign.encode())
    done = desk.run("wallet", "audit", "vault", path, before=memory(MEGABYTES))
    assert done.code == 4, done.err
    assert f"line {ROWS}: {foreign} is not proven ours" in done.err
    assert f"proven: {ROWS - 1}\n" in done.out
    assert desk.fails(7, "halt", "status") == "halted"
    assert address(1) not in done.err
