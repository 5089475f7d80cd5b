"""What scripts hear of ``combine`` and ``finalize`` before all replies are there."""

import pytest

from tests.cli.laptop import Laptop


@pytest.mark.parametrize(
    ("named", "hint"),
    [
        ((), "join all replies first with coldsign combine; name the wallet: --wallet NAME"),
        (("--wallet", "vault"), "join all replies first with coldsign combine"),
    ],
)
def test_a_script_is_told_to_wait_for_more_replies(named, hint, laptop: Laptop) -> None:
    outcome = laptop.run("--json", "finalize", laptop.path("r.txt"), *named)
    assert outcome.code == 4
    assert outcome.document["error"] == {
        "code": "not-complete",
        "message": "input 0 cannot be finished: 2 signatures needed, 0 present",
        "hint": hint,
    }
