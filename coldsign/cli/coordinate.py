"""``combine`` and ``finalize``: the coordinator's side, for tests and small teams."""

from pathlib import Path

import click

from coldsign.ceremony.finish import finish
from coldsign.ceremony.intake import PSBT
from coldsign.ceremony.reply import answer
from coldsign.cli.deliver import (
    deliver,
    deliver_text,
    delivery_options,
    demand_deliverable,
    demand_file,
)
from coldsign.cli.options import ColdCommand, Settings, force_option, pass_settings, path_type
from coldsign.cli.sources import read_copies, read_source
from coldsign.errors import RefusedError, hinting
from coldsign.psbt.combine import combine as combine_psbts
from coldsign.psbt.edit import ReplyLevel
from coldsign.psbt.finalize import extract
from coldsign.psbt.model import Psbt


@click.command(cls=ColdCommand)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@delivery_options
@pass_settings
def combine(
    settings: Settings, sources: tuple[str, ...], form: str, out: Path | None, *, force: bool
) -> None:
    """Join several cosigners' copies of one PSBT."""
    demand_deliverable(out, force=force)
    requests = read_copies(settings.screen, sources)
    with hinting("give the cosigners' replies to one and the same PSBT", RefusedError):
        joined = combine_psbts([Psbt.parse(request.data) for request in requests])
    result = answer(joined, requests[0], level=ReplyLevel.FULL, form=form)
    settings.screen.document({"psbt": result.base64(), "sha256": result.sha256})
    deliver(settings.screen, result, out, force=force)


@click.command(cls=ColdCommand)
@click.argument("source")
@click.option(
    "--wallet",
    "wallet_name",
    metavar="NAME",
    help="The registered wallet it spends from: needed for miniscript, whose cheapest open path is taken.",
)
@click.option("--out", type=path_type, metavar="PATH", help="Write the hex here.")
@force_option
@pass_settings
def finalize(
    settings: Settings,
    /,
    source: str,
    wallet_name: str | None,
    out: Path | None,
    *,
    force: bool,
) -> None:
    """Finish a PSBT that has all its signatures. The transaction is printed as hex."""
    demand_file(out, force=force)
    psbt = Psbt.parse(read_source(settings.screen, [source], PSBT).data)
    wallet = settings.desk().wallet(wallet_name) if wallet_name is not None else None
    ways = "join all replies first with coldsign combine"
    unnamed = "" if wallet is not None else "; name the wallet: --wallet NAME"
    with hinting(ways + unnamed, RefusedError):
        finished = finish(psbt, wallet)
    tx = extract(finished)
    text = tx.serialize().hex()
    vsize = (tx.weight() + 3) // 4
    settings.screen.document({"txid": tx.txid_hex(), "hex": text, "vsize": vsize})
    settings.screen.tell(f"txid {tx.txid_hex()}, {vsize} vbytes", "good")
    deliver_text(settings.screen, text, out, force=force)
