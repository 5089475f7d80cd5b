"""What changes from one policy to another, as a person reads it before it is bound."""

from coldsign.controls.policy import Policy
from coldsign.controls.policy_words import differences
from tests.controls.common import wallet


def parse(text):
    return Policy.parse(text.encode())


def test_in_words():
    before = parse(
        "[fee]\nrefuse_percent = 6\n[allow]\nop_return = true\ndestinations = ['a', 'b']"
    )
    after = parse("[fee]\nrefuse_percent = 20\n[allow]\ndestinations = ['b', 'c']")
    assert differences(before, after) == (
        "fee.refuse_percent: 6.0 becomes 20.0",
        "allow.op_return: true becomes false",
        "allow.destinations: without a",
        "allow.destinations: with c",
    )
    assert differences(before, before) == ()
    other = parse("[fee]\nrefuse_percent = 20\n[allow]\ndestinations = ['c', 'b']")
    assert differences(after, other) == ("allow.destinations: in another order",)
    fewer = parse("[fee]\nrefuse_percent = 20\n[allow]\ndestinations = ['c']")
    assert differences(other, fewer) == ("allow.destinations: without b",)


def test_a_long_entry_is_whole():
    descriptor = str(wallet().descriptor)
    after = parse(f'[allow]\ndestinations = ["{descriptor}"]')
    assert differences(Policy.empty(), after) == (f"allow.destinations: with {descriptor}",)
