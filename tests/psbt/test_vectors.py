"""Published and recorded PSBTs: the valid ones come back byte for byte, the invalid ones do not parse."""

import base64
import json

import pytest

from coldsign.errors import MalformedError
from coldsign.psbt.model import Psbt
from tests.psbt.samples import attacks, bip_vectors, fixture, recorded
from tests.vectors import vector_file

REFUSED = {"invalid", "timelock undeterminable"}

# What the parser itself refuses; the review refuses the others.
MALFORMED = {
    *(
        "F-01",
        "F-05",
        "F-06",
        "F-07",
        "F-08",
        "F-09",
        "F-11",
        "F-13",
        "F-14",
        "F-17",
        "F-18",
        "F-21",
        "F-26",
    ),
    *("F-28", "F-30", "F-31", "F-32", "F-34", "F-37", "T-21", "T-22", "T-23", "M-05", "M-06"),
    *("V-02", "V-03", "V-05", "V-12", "V-15"),
}


def test_the_bips_valid_psbts_come_back_byte_for_byte():
    valid = [v for v in bip_vectors() if v["expect"] not in REFUSED]
    assert len(valid) > 60
    for vector in valid:
        data = base64.b64decode(vector["psbt"])
        assert Psbt.parse(data).serialize() == data, vector["case"]


def test_the_bips_invalid_psbts_are_refused():
    invalid = [v for v in bip_vectors() if v["expect"] in REFUSED]
    assert len(invalid) > 60
    for vector in invalid:
        with pytest.raises(MalformedError):
            Psbt.parse(base64.b64decode(vector["psbt"]))


def test_bitcoin_cores_extra_invalid_psbts_are_refused():
    vectors = json.loads(vector_file("bitcoin-core-extra-invalid.json").read_text())["vectors"]
    assert vectors
    for vector in vectors:
        with pytest.raises((MalformedError, ValueError)):  # some are damaged base64
            Psbt.parse(base64.b64decode(vector["psbt"], validate=True))


@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.stem)
def test_recorded_psbts_come_back_byte_for_byte(path):
    found = fixture(path)
    for text in (found["psbt"], *found["signed_by_node"]):
        data = base64.b64decode(text)
        psbt = Psbt.parse(data)
        assert psbt.serialize() == data
        assert len(psbt.inputs) == len(found["inputs"])
        assert [out.script.hex() for out in psbt.tx.outputs] == [
            out["script"] for out in found["outputs"]
        ]


@pytest.mark.parametrize("vector", attacks(), ids=lambda vector: vector["id"])
def test_attacks_come_back_byte_for_byte_or_are_refused(vector):
    for text in vector.get("sequence") or [vector["psbt"]]:
        data = base64.b64decode(text)
        if vector["id"] in MALFORMED:
            with pytest.raises(MalformedError):
                Psbt.parse(data)
        else:
            assert Psbt.parse(data).serialize() == data


def test_every_attack_the_parser_should_refuse_is_there():
    assert {vector["id"] for vector in attacks()} >= MALFORMED
