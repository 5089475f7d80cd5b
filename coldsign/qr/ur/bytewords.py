"""Bytewords, BCR-2020-012: one four-letter word a byte, closed by a CRC-32 of the bytes."""

import zlib

from coldsign.errors import MalformedError

_WORDS = (
    "ableacidalsoapexaquaarchatomauntawayaxisbackbaldbarnbeltbetabias"
    "bluebodybragbrewbulbbuzzcalmcashcatschefcityclawcodecolacookcost"
    "cruxcurlcuspcyandarkdatadaysdelidicedietdoordowndrawdropdrumdull"
    "dutyeacheasyechoedgeepicevenexamexiteyesfactfairfernfigsfilmfish"
    "fizzflapflewfluxfoxyfreefrogfuelfundgalagamegeargemsgiftgirlglow"
    "goodgraygrimgurugushgyrohalfhanghardhawkheathelphighhillholyhope"
    "hornhutsicedideaidleinchinkyintoirisironitemjadejazzjoinjoltjowl"
    "judojugsjumpjunkjurykeepkenokeptkeyskickkilnkingkitekiwiknoblamb"
    "lavalazyleaflegsliarlimplionlistlogoloudloveluaulucklungmainmany"
    "mathmazememomenumeowmildmintmissmonknailnavyneednewsnextnoonnote"
    "numbobeyoboeomitonyxopenovalowlspaidpartpeckplaypluspoempoolpose"
    "puffpumapurrquadquizraceramprealredorichroadrockroofrubyruinruns"
    "rustsafesagascarsetssilkskewslotsoapsolosongstubsurfswantacotask"
    "taxitenttiedtimetinytoiltombtoystriptunatwinuglyundouniturgeuser"
    "vastveryvetovialvibeviewvisavoidvowswallwandwarmwaspwavewaxywebs"
    "whatwhenwhizwolfworkyankyawnyellyogayurtzapszerozestzinczonezoom"
)
WORDS = tuple(_WORDS[i : i + 4] for i in range(0, 1024, 4))
_PAIRS = tuple(word[0] + word[3] for word in WORDS)
_BYTE_OF_PAIR = {pair: value for value, pair in enumerate(_PAIRS)}


def encode(data: bytes) -> str:
    """The minimal form: first and last letter of each word, checksum included, lower case."""
    return "".join([_PAIRS[b] for b in data + zlib.crc32(data).to_bytes(4, "big")])


def decode(text: str) -> bytes:
    """The bytes of the minimal form in lower case.

    Raises:
        MalformedError: A pair of letters is no byteword, or the checksum is wrong.
    """
    if len(text) % 2:
        raise MalformedError(f"bytewords of odd length {len(text)}")
    table = _BYTE_OF_PAIR
    try:
        raw = bytes([table[text[i : i + 2]] for i in range(0, len(text), 2)])
    except KeyError:
        raise MalformedError("a pair of letters is not a byteword") from None
    body, checksum = raw[:-4], raw[-4:]
    if len(raw) < 5 or zlib.crc32(body).to_bytes(4, "big") != checksum:
        raise MalformedError("the bytewords checksum is wrong")
    return body
