"""The least that each step of a request can cost, and how far ours is from it.

Ours is called through its public functions and its parts; the floor is flat, see
`benchmarks.peers.floor`. Everything here runs in a tight loop, so that all code is hot; between
two requests Flask runs so much that none of it is, which `benchmarks.request` measures.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from time import time
from typing import Any

from flask import Flask

from flask_tokenguard.jose import compact
from flask_tokenguard.verify.claims import Claims, VerifiedToken

from .contenders import (
    BARE,
    FLOOR,
    OURS,
    Prepare,
    Size,
    added,
    compare_added,
    each,
    microseconds,
    ratio_of,
    repeated,
    requests,
    settle,
    take_turns,
)
from .peers import bare, floor, ours
from .peers.floor import signature_check
from .peers.note import SUBJECT
from .peers.signing_keys import ALGORITHMS, ML_DSA, SigningKey
from .report import Comparison, Row, Table, run

PRIMITIVE = "bare primitive"
PRIMITIVE_BOUNDS = (1.6, 1.3)
FULL = Size(rounds=40, batch=200)
SHORT = Size(rounds=3, batch=5)


def main() -> None:
    """Print the steps, then whole verifications by algorithm, then the hook."""
    run(__doc__, measure, full=FULL, short=SHORT, packages=("PyJWT", "cryptography"))


def measure(size: Size) -> Iterator[Table]:
    """Measure them all."""
    settle()
    how = f"{size.rounds} rounds of {size.batch}, CPU microseconds"
    keys = [SigningKey.generate(alg) for alg in ALGORITHMS]
    rows = [
        *steps(keys[0], size),
        *(primitive(key, size) for key in keys),
        *(verification(key, size) for key in keys),
        *beyond_the_peers(SigningKey.generate(ML_DSA), size),
    ]
    yield Table("floor", f"Steps, hot: {how}", "microseconds", rows)
    yield Table("hook", f"The hook alone: {how}", "microseconds", [hook(size)])


def steps(key: SigningKey, size: Size) -> Iterator[Row]:
    """Compare what comes before and after the signature."""
    app = ours.make_app(KEY=key.text)
    (token,) = ours.tokens(key, [SUBJECT])
    parsed = compact.parse(token)
    claims = compact.parse_payload(parsed)
    verified = VerifiedToken(parsed.header, Claims(claims))
    rules = tuple(parts_of(app).verifier.trusted_issuer_for({}).rules.values())

    def split_and_decode() -> None:
        _, payload, signature, _ = floor.split(token)
        floor.base64url(payload)
        floor.base64url(signature)

    def check_rules() -> None:
        for check in rules:
            check(verified)

    def check_flat() -> None:
        floor.check_claims(claims, time())

    pairs: Mapping[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "split, base64": (lambda: compact.parse(token), split_and_decode),
        "JSON": (
            lambda: compact.parse_payload(parsed),
            lambda: floor.json_object(parsed.payload),
        ),
        "rules": (check_rules, check_flat),
    }
    for name, (own, least) in pairs.items():
        yield row(name, {OURS: repeated(own, size.batch), FLOOR: repeated(least, size.batch)}, size)


def primitive(key: SigningKey, size: Size) -> Row:
    """Compare a verification of the signature alone."""
    parsed = compact.parse(ours.tokens(key, [SUBJECT])[0])
    (own,) = parts_of(ours.make_app(KEY=key.text)).keys.find(parsed.header, "sig")
    least = signature_check(key)
    message, signature = parsed.signing_input, parsed.signature
    candidates = {
        OURS: repeated(lambda: own.verify(message, signature), size.batch),
        FLOOR: repeated(lambda: least(message, signature), size.batch),
    }
    return row(f"{key.alg} signature", candidates, size)


def verification(key: SigningKey, size: Size) -> Row:
    """Compare a verification from the string to the claims, each of a token never seen."""
    tokens = ours.tokens(key, [SUBJECT] * ((size.rounds + 1) * size.batch))
    candidates = {
        OURS: each(parts_of(ours.make_app(KEY=key.text)).verifier.verify, tokens, size.batch),
        FLOOR: each(floor.verifier(key), tokens, size.batch),
    }
    return row(f"{key.alg} verify", candidates, size)


def beyond_the_peers(key: SigningKey, size: Size) -> Iterator[Row]:
    """Compare the same of an algorithm that no peer has, and a verification with its signature."""
    yield primitive(key, size)
    yield verification(key, size)
    tokens = ours.tokens(key, [SUBJECT] * ((size.rounds + 1) * size.batch))
    signed = [(one.signing_input, one.signature) for one in map(compact.parse, tokens)]
    least = signature_check(key)
    candidates = {
        OURS: each(parts_of(ours.make_app(KEY=key.text)).verifier.verify, tokens, size.batch),
        PRIMITIVE: each(lambda pair: least(*pair), signed, size.batch),
    }
    yield row(f"{key.alg} never seen", candidates, size, PRIMITIVE, PRIMITIVE_BOUNDS)


def hook(size: Size) -> Row:
    """Compare what a request that brings the same token again adds to a bare one."""
    key = SigningKey.generate("HS256")
    guarded = ours.make_app(KEY=key.text)
    apps = {BARE: bare.make_app(), OURS: guarded, FLOOR: floor.make_app(key)}
    tokens = cycle(ours.tokens(key, [SUBJECT]))
    rounds = take_turns(
        {name: requests(app, tokens, size.batch) for name, app in apps.items()}, size.rounds
    )
    figures = {BARE: microseconds(rounds, BARE, size.batch)} | {
        f"{name} adds": added(rounds, name, size.batch) for name in (OURS, FLOOR)
    }
    return Row("hook, HS256 again", figures, [compare_added(rounds, OURS, FLOOR, form="ratio")])


def parts_of(app: Flask) -> Any:
    """Get the parts of an app of ours."""
    return app.extensions["tokenguard"]


def row(
    name: str,
    candidates: Mapping[str, Prepare],
    size: Size,
    against: str = FLOOR,
    bounds: tuple[float, float] | None = None,
) -> Row:
    """Time both, and divide ours by the floor, or by the other."""
    rounds = take_turns(candidates, size.rounds)
    figures = {peer: microseconds(rounds, peer, size.batch) for peer in candidates}
    must, reach = bounds or (None, None)
    ratio = ratio_of(rounds, OURS, against)
    return Row(name, figures, [Comparison(against, ratio, "ratio", must, reach)])


if __name__ == "__main__":
    main()
