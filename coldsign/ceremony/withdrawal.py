"""Make an unsigned withdrawal PSBT, as a coordinator would: for the demo, for tests and for benchmarks.

Only for ECDSA wallets. It invents the previous transactions too, so nothing it makes can ever confirm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from coldsign.primitives.cursor import compact_size
from coldsign.primitives.locks import MAX_RBF_SEQUENCE, SEQUENCE_FINAL
from coldsign.primitives.tx import OutPoint, Transaction, TxIn, TxOut
from coldsign.psbt.fields import Global, In, Out
from coldsign.psbt.model import MAGIC
from coldsign.psbt.raw import Key, Map, Pair
from coldsign.wallet.derive import Derived
from coldsign.wallet.wallet import Wallet

_VERSION = 2


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin of the wallet: where its key is, and its amount in sats."""

    branch: int
    index: int
    sats: int


def make_withdrawal(
    wallet: Wallet,
    coins: Sequence[Coin],
    payments: Sequence[TxOut],
    *,
    change: Coin | None = None,
) -> bytes:
    """A PSBT (version 0) that spends invented coins of this wallet.

    Args:
        wallet: Whose coins are spent, and who gets the change.
        coins: The coins; each gets a previous transaction of its own.
        payments: The outputs to others.
        change: Where the change goes and how much; it is the last output.

    Returns:
        The PSBT's bytes; the fee is what the outputs leave over.
    """
    derived = [wallet.derive(coin.branch, coin.index) for coin in coins]
    funding = [
        _funding(number, coin.sats, place.script_pubkey)
        for number, (coin, place) in enumerate(zip(coins, derived, strict=True))
    ]
    outputs = list(payments)
    if change is not None:
        outputs.append(TxOut(change.sats, wallet.derive(change.branch, change.index).script_pubkey))
    unsigned = Transaction(
        version=_VERSION,
        inputs=tuple(TxIn(OutPoint(tx.txid(), 0), b"", MAX_RBF_SEQUENCE) for tx in funding),
        outputs=tuple(outputs),
        locktime=0,
        witnesses=(),
    )
    maps = [Map.of(Global, 0, [(Key(Global.UNSIGNED_TX, b""), unsigned.serialize())])]
    maps += [
        Map.of(In, number, _input_pairs(wallet, place, tx))
        for number, (place, tx) in enumerate(zip(derived, funding, strict=True))
    ]
    maps += [Map.of(Out, number, ()) for number in range(len(payments))]
    if change is not None:
        place = wallet.derive(change.branch, change.index)
        maps.append(Map.of(Out, len(payments), _output_pairs(wallet, place)))
    return MAGIC + b"".join(map(Map.serialize, maps))


def _funding(number: int, sats: int, script: bytes) -> Transaction:
    """An invented transaction that pays the wallet; the number makes its txid differ from the others'."""
    source = TxIn(OutPoint(number.to_bytes(32, "little"), 0), b"\x51", SEQUENCE_FINAL)
    return Transaction(_VERSION, (source,), (TxOut(sats, script),), 0, ())


def _input_pairs(wallet: Wallet, place: Derived, funding: Transaction) -> list[Pair]:
    pairs: list[Pair] = [(Key(In.NON_WITNESS_UTXO, b""), funding.serialize())]
    if place.witness_script is not None:
        coin = funding.outputs[0]
        value = coin.sats.to_bytes(8, "little") + compact_size(len(coin.script)) + coin.script
        pairs.append((Key(In.WITNESS_UTXO, b""), value))
    if place.redeem_script is not None:
        pairs.append((Key(In.REDEEM_SCRIPT, b""), place.redeem_script))
    if place.witness_script is not None:
        pairs.append((Key(In.WITNESS_SCRIPT, b""), place.witness_script))
    return pairs + _derivations(wallet, place, In.BIP32_DERIVATION)


def _output_pairs(wallet: Wallet, place: Derived) -> list[Pair]:
    pairs: list[Pair] = []
    if place.redeem_script is not None:
        pairs.append((Key(Out.REDEEM_SCRIPT, b""), place.redeem_script))
    if place.witness_script is not None:
        pairs.append((Key(Out.WITNESS_SCRIPT, b""), place.witness_script))
    return pairs + _derivations(wallet, place, Out.BIP32_DERIVATION)


def _derivations(wallet: Wallet, place: Derived, field: In | Out) -> list[Pair]:
    return [
        (Key(field, key), wallet.origin(position, place.branch, place.index).to_bytes())
        for position, key in enumerate(place.keys)
    ]
