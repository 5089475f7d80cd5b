"""What is said of signatures that are there: each fault under its own code, of whom, and of how many inputs."""

import pytest

from tests.review.build import Draft, codes, wallet
from tests.review.drafts import HONEST, high_s, signed_by

NAME = wallet().descriptor.keys[1].origin.fingerprint.hex()
BAD = {
    "invalid-signature": lambda pair: (pair[0], HONEST.signature(1, 2)[1]),
    "high-s-signature": high_s,
    "loose-signature": lambda pair: (pair[0], pair[1][:-1] + b"\x81"),
}


@pytest.mark.parametrize("code", BAD)
def test_a_fault_has_one_code_and_names_whose_it_is(code):
    draft = signed_by(1, inputs=(0,), change=BAD[code])
    for ours, who in (((0,), "cosigner"), ((1,), "our key")):
        found = [one for one in draft.review(our_keys=ours).findings if one.code in BAD]
        assert [(one.code, one.where) for one in found] == [(code, "input 0")]
        assert found[0].text.startswith(f"the signature of {who} {NAME} ")


@pytest.mark.parametrize(("inputs", "is_found"), [((0,), False), ((1,), False), ((0, 1), True)])
def test_only_signatures_on_every_input_are_all(inputs, is_found):
    ours = signed_by(0, inputs=inputs).review(our_keys=(0,))
    assert ("already-signed" in codes(ours)) is is_found
    enough = signed_by(1, 2, inputs=inputs).review(our_keys=(0,))
    assert ("enough-signatures" in codes(enough)) is is_found
    assert "enough-signatures" not in codes(signed_by(1, inputs=inputs).review())


def test_the_signed_inputs_of_each_cosigner_are_counted():
    draft = signed_by(1, 2, inputs=(1,), draft=signed_by(1, inputs=(0,)))
    texts = [one.text for one in draft.review().findings if one.code == "cosigner-signed"]
    assert [text.partition(" has ")[2] for text in texts] == [
        "validly signed 2 of 2 inputs",
        "validly signed 1 of 2 inputs",
    ]


def test_nothing_is_said_of_signatures_where_there_are_none():
    found = codes(Draft().review(our_keys=(0,)))
    assert not found & {*BAD, "already-signed", "enough-signatures", "cosigner-signed"}
