"""Extended keys: parse, derive and serialise as BIP-32 says.

The objects know no network: the version bytes say only whether a key belongs to the main network
or to the test networks (they all share theirs), and that group is handed out beside the key.
"""

import hmac
from dataclasses import dataclass, replace
from typing import NoReturn, Self

from coldsign.errors import MalformedError
from coldsign.keys.secret import wipe
from coldsign.keys.versions import (
    ANY_PUBLIC,
    PUBLIC,
    SECRET,
    XPRV,
    XPUB,
    NetworkGroup,
    decode,
    group_of,
    join_head,
    split_head,
)
