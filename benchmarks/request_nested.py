"""What a token that is signed and then encrypted costs when it comes again."""

import secrets
from itertools import cycle

from joserfc.jwk import OctKey

from .contenders import BARE, OURS, Contender, added, compare_added
from .pairing import Size, Spread, take_turns
from .peers import bare, ours
from .peers.note import SUBJECT
from .report import Row, Table
from .serving import requests
from .signing_keys import SigningKey

MUST = 1.1
NESTED = "ours, nested"


def nested_again(key: SigningKey, size: Size) -> Table:
    """Compare a nested token again with a signed one again, both of the same claims."""
    encryption = {
        "key": OctKey.import_key(secrets.token_bytes(32)).as_dict(),
        "alg": "dir",
        "enc": "A256GCM",
    }
    signed, nested = {"KEY": key.text}, {"KEY": key.text, "ENCRYPTION": encryption}
    found = {
        BARE: Contender(bare.make_app(), ours.tokens),
        OURS: Contender(ours.make_app(**signed), ours.tokens),
    }
    candidates = {
        name: requests(one.app, cycle(one.issue(key, [SUBJECT])), size.batch)
        for name, one in found.items()
    }
    app = ours.make_app(**nested)
    with app.app_context():
        candidates[NESTED] = requests(app, cycle([ours.issue()]), size.batch)
    rounds = take_turns(candidates, size.rounds)
    figures = {BARE: Spread.of(times[BARE] / size.batch * 1e6 for times in rounds)} | {
        f"{name} adds": added(rounds, name, size.batch) for name in (OURS, NESTED)
    }
    ratio = compare_added(rounds, NESTED, OURS, form="ratio", must=MUST)
    title = (
        f"A nested token (dir, A256GCM) again: {size.rounds} rounds of {size.batch} requests,"
        " CPU microseconds a request"
    )
    row = Row(f"{key.alg} nested again", figures, [ratio._replace(against="a signed one again")])
    return Table("nested", title, "microseconds", [row])
