"""From an untrusted string to a verified token (RFC 7519 section 7.2, RFC 8725)."""

import hmac
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from flask_tokenguard import TokenGuard
from flask_tokenguard.errors import InvalidToken, Rejected, Unavailable
from flask_tokenguard.jose.compact import Header
from flask_tokenguard.jose.jwk import Key, KeySet
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.verify.claims import Claims, VerifiedToken
from flask_tokenguard.verify.trusted import TrustedIssuer
from flask_tokenguard.verify.verifier import TokenVerifier

from ..conftest import MakeApp
from ..jose.tokens import encoded, signed, unsigned
from ..support import SettableClock

SECRET = b"correct-horse-battery-staple-and-so-on"
KEY = Key(SECRET)
NAMED = Key(SECRET, kid="mine")
CLAIMS = {"sub": "me", "role": "guest"}
UNKNOWN_KEY = "No key is known for the token's kid and alg"


def verifier(*keys: Key, rules: Iterable[Any] = (), max_size: int = 8160) -> TokenVerifier:
    """Make a verifier that has only the rules of a test."""
    named = {f"rule {number}": rule for number, rule in enumerate(rules)}
    return TokenVerifier(TrustedIssuer(KeySet(keys or (KEY,)), named), max_size=max_size)


def reason(verifies: TokenVerifier, token: str) -> str:
    """Have a token refused."""
    with pytest.raises(InvalidToken) as caught:
        verifies.verify(token)
    return caught.value.description


def forged(secret: bytes, header: dict[str, Any]) -> str:
    """Sign with HMAC and a secret that no `Key` would take."""
    signing_input = f"{encoded(header)}.{encoded(CLAIMS)}"
    return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def test_a_signed_token_is_verified() -> None:
    assert verifier().verify(signed(KEY, CLAIMS)).claims == CLAIMS


def test_a_token_names_its_key() -> None:
    token = signed(NAMED, CLAIMS, {"alg": "HS256", "kid": "mine"})
    assert verifier(NAMED).verify(token).header == {"alg": "HS256", "kid": "mine"}


def test_claims_are_fresh_each_time() -> None:
    verifies, token = verifier(), signed(KEY, CLAIMS)
    verifies.verify(token).claims["role"] = "admin"
    assert verifies.verify(token).claims == CLAIMS


def test_claims_are_typed() -> None:
    assert isinstance(verifier().verify(signed(KEY, CLAIMS)).claims, Claims)


def test_a_change_of_a_header_does_not_reach_another_token() -> None:
    verifies, header = verifier(), {"alg": "HS256", "x": {"roles": ["guest"]}}
    first = verifies.verify(signed(KEY, CLAIMS, header))
    first.header["x"]["roles"].append("admin")
    first.header["alg"] = "none"
    assert verifies.verify(signed(KEY, CLAIMS, header)).header == header


def test_a_key_that_is_unknown_is_refused_and_never_tried() -> None:
    token = signed(NAMED, CLAIMS, {"alg": "HS256", "kid": "theirs"})
    assert reason(verifier(NAMED, KEY), token) == UNKNOWN_KEY


@pytest.mark.parametrize("kid", ["", " mine", "Mine", "mine\0"], ids=repr)
def test_a_kid_is_compared_exactly(kid: str) -> None:
    token = signed(NAMED, CLAIMS, {"alg": "HS256", "kid": kid})
    assert reason(verifier(NAMED), token) == UNKNOWN_KEY


def test_a_token_without_kid_is_tried_with_the_keys_that_fit() -> None:
    others = [Key(bytes([number]) * 32, kid=str(number)) for number in (1, 2, 3)]
    assert verifier(*others, NAMED).verify(signed(KEY, CLAIMS)).claims == CLAIMS


def test_a_token_without_kid_is_not_tried_with_more_than_four() -> None:
    others = [Key(bytes([number]) * 32, kid=str(number)) for number in (1, 2, 3, 4)]
    token = signed(KEY, CLAIMS)
    assert reason(verifier(*others, NAMED), token) == UNKNOWN_KEY


def test_four_keys_that_did_not_sign_refuse_it() -> None:
    others = [Key(bytes([number]) * 32) for number in (1, 2, 3, 4)]
    assert reason(verifier(*others), signed(KEY, CLAIMS)) == "The token's signature is not valid"


def test_a_signature_of_another_key_is_refused() -> None:
    token = signed(Key(SECRET[::-1]), CLAIMS)
    assert reason(verifier(), token) == "The token's signature is not valid"


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "payload", "signature"])
def test_a_part_of_another_token_is_refused(part: int) -> None:
    parts = signed(NAMED, CLAIMS, {"alg": "HS256", "kid": "mine"}).split(".")
    others = signed(NAMED, {"sub": "you"}, {"alg": "HS256", "kid": "mine", "x": 1}).split(".")
    parts[part] = others[part]
    assert reason(verifier(NAMED), ".".join(parts)) == "The token's signature is not valid"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("kid", [{}, {"kid": "mine"}], ids=["no kid", "kid"])
def test_a_token_that_calls_itself_unsigned_is_refused(alg: str, kid: dict[str, str]) -> None:
    token = f"{encoded({'alg': alg, **kid})}.{encoded(CLAIMS)}."
    assert "signature" not in reason(verifier(NAMED), token)


@pytest.mark.parametrize("alg", ["HS384", "HS512", "RS256", "none", "hs256", ""])
def test_the_algorithm_is_the_keys_not_the_tokens(alg: str) -> None:
    token = signed(NAMED, CLAIMS, {"alg": alg, "kid": "mine"})
    assert reason(verifier(NAMED), token) == "The token's algorithm is not its key's"


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.OpenSSH])
def test_a_public_key_is_never_used_as_an_hmac_secret(
    private_keys: dict[str, PrivateKey], alg: str, form: PublicFormat
) -> None:
    public = private_keys[alg].public_key()
    encoding = Encoding.OpenSSH if form is PublicFormat.OpenSSH else Encoding.PEM
    header = {"alg": "HS256", "kid": Key(public).kid}
    token = forged(public.public_bytes(encoding, form), header)
    assert reason(verifier(Key(public)), token) == "The token's algorithm is not its key's"


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_is_not_even_tried_as_an_hmac_secret(
    private_keys: dict[str, PrivateKey], alg: str
) -> None:
    public = private_keys[alg].public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    token = forged(pem, {"alg": "HS256"})
    assert reason(verifier(Key(public)), token) == UNKNOWN_KEY


def test_the_forger_of_these_tests_knows_how_to_sign() -> None:
    # So that the tests above refuse for the reason that they name.
    assert verifier().verify(forged(SECRET, {"alg": "HS256"})).claims == CLAIMS


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_is_not_used(
    private_keys: dict[str, PrivateKey], name: str
) -> None:
    theirs = Key(private_keys["ES256"])
    brought = {"jwk": {"kty": "oct", "k": encoded(SECRET[::-1])}}.get(name, "https://x.example")
    token = signed(theirs, CLAIMS, {"alg": "ES256", name: brought})
    assert reason(verifier(), token) == UNKNOWN_KEY


@pytest.mark.parametrize(
    "payload",
    [b"", b"text", b"[]", b"7", b"null", b'{"sub":"a","sub":"b"}', b'{"a":NaN}', b"\xff", b"{}x"],
    ids=repr,
)
def test_a_signed_payload_that_is_no_strict_object_is_refused(payload: bytes) -> None:
    assert reason(verifier(), signed(KEY, payload)) == "The token's payload is not a JSON object"


def test_a_payload_is_not_read_before_its_signature_is_verified() -> None:
    assert reason(verifier(), unsigned({"alg": "HS256"}, b"not JSON")) == (
        "The token's signature is not valid"
    )


def test_a_token_of_the_largest_size_is_verified() -> None:
    token = signed(KEY, CLAIMS)
    assert verifier(max_size=len(token)).verify(token).claims == CLAIMS


def test_the_size_of_a_token_is_checked_before_it_is_parsed() -> None:
    assert reason(verifier(max_size=256), "." * 257) == "The token is too long"


def test_a_token_that_is_too_long_is_refused() -> None:
    token = signed(KEY, CLAIMS)
    assert reason(verifier(max_size=len(token) - 1), token) == "The token is too long"


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", "\0", "é", "\ud800", "Bearer x"], ids=ascii
)
def test_a_token_of_any_content_is_refused_as_one(token: str) -> None:
    assert reason(verifier(), token).startswith("The token is ")


@given(st.text())
def test_no_text_does_more_than_be_refused(token: str) -> None:
    assert reason(verifier(), token)


@given(st.binary(), st.binary(), st.binary())
def test_no_octets_do_more_than_be_refused(header: bytes, payload: bytes, signature: bytes) -> None:
    assert reason(verifier(), f"{encoded(header)}.{encoded(payload)}.{encoded(signature)}")


def test_rules_are_checked_in_their_order() -> None:
    asked: list[str] = []
    rules = [lambda _: asked.append("first"), lambda _: asked.append("second")]
    verifier(rules=rules).verify(signed(KEY, CLAIMS))
    assert asked == ["first", "second"]


def test_a_rule_sees_the_verified_token() -> None:
    seen: list[VerifiedToken] = []
    token = verifier(rules=[seen.append]).verify(signed(KEY, CLAIMS))
    assert seen == [token]


def test_a_rule_is_not_asked_about_a_forged_token() -> None:
    seen: list[VerifiedToken] = []
    token = signed(Key(SECRET[::-1]), CLAIMS)
    assert reason(verifier(rules=[seen.append]), token)
    assert seen == []


@pytest.mark.parametrize("error", [InvalidToken, Rejected, Unavailable])
def test_a_rule_refuses_with_its_own_error(error: type[Exception]) -> None:
    def refuse(_: VerifiedToken) -> None:
        raise error("The moon is full")

    verifies, token = verifier(rules=[refuse]), signed(KEY, CLAIMS)
    with pytest.raises(error, match="The moon is full"):
        verifies.verify(token)


@pytest.mark.parametrize("value", [True, False, 0, "", [], "no"], ids=repr)
def test_a_rule_that_returns_a_value_is_a_type_error(value: object) -> None:
    verifies, token = verifier(rules=[lambda _: value]), signed(KEY, CLAIMS)
    with pytest.raises(TypeError, match="a validator raises, or returns None"):
        verifies.verify(token)


def test_any_source_of_keys_will_do() -> None:
    class Source:
        def find(self, header: Header, use: str) -> Sequence[Key]:
            return [KEY] if (header.alg, use) == ("HS256", "sig") else []

        def __contains__(self, key: object) -> bool:
            return key is KEY

        def __iter__(self) -> Iterator[Key]:
            return iter([KEY])

    assert TokenVerifier(TrustedIssuer(Source(), {})).verify(signed(KEY, CLAIMS)).claims == CLAIMS


def test_a_key_of_another_algorithm_from_a_source_is_not_trusted() -> None:
    class Source:
        def find(self, header: Header, use: str) -> Sequence[Key]:  # noqa: ARG002 - finds it for all
            return [KEY]

        def __contains__(self, key: object) -> bool:
            return key is KEY

        def __iter__(self) -> Iterator[Key]:
            return iter([KEY])

    token = signed(KEY, CLAIMS, {"alg": "HS512"})
    assert (
        reason(TokenVerifier(TrustedIssuer(Source(), {})), token)
        == "The token's algorithm is not its key's"
    )


# The rules of an app, wired from its settings.

OWN = {"sub": "me", "jti": "1", "iat": 0, "exp": 4_000_000_000}
HEADER = {"alg": "HS256", "typ": "at+jwt"}


@pytest.fixture
def guard(clock: SettableClock) -> TokenGuard:
    """A guard with a clock that stands."""
    return TokenGuard(clock=clock)


def without(name: str) -> dict[str, Any]:
    """Leave one of our own claims out."""
    return {other: value for other, value in OWN.items() if other != name}


def refused(guard: TokenGuard, claims: dict[str, Any], header: dict[str, Any] = HEADER) -> str:
    """Have a rightly signed token refused by an app."""
    with pytest.raises(InvalidToken) as caught:
        guard.verify(signed(KEY, claims, header))
    return caught.value.description


def test_an_app_accepts_a_token_with_what_our_own_must_say(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    make_app(guard, KEY=SECRET.decode())
    assert guard.verify(signed(KEY, OWN, HEADER)).claims == OWN


@pytest.mark.parametrize("name", ["exp", "iat", "sub", "jti"])
def test_an_app_demands_what_our_own_tokens_must_say(
    make_app: MakeApp, guard: TokenGuard, name: str
) -> None:
    make_app(guard, KEY=SECRET.decode())
    assert name in refused(guard, without(name))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "them"}, "The token is from another issuer (iss)"),
        ({"aud": "them"}, "The token is for another audience (aud)"),
        ({"nbf": 4_000_000_000}, "The token is not valid yet (nbf)"),
        ({"iat": 4_000_000_000}, "The token is not valid yet (iat)"),
        ({"exp": 1}, "The token has expired (exp)"),
        ({"exp": "4000000000"}, "The token has no valid exp"),
        ({"cnf": {"jkt": "x"}}, "The token is bound to a key (cnf)"),
        ({"sub": 7}, "The token has no valid sub"),
        ({"jti": ""}, "The token has no valid jti"),
    ],
    ids=str,
)
def test_an_app_refuses_a_claim_with_its_reason(
    make_app: MakeApp, guard: TokenGuard, claims: dict[str, Any], reason: str
) -> None:
    make_app(guard, KEY=SECRET.decode())
    assert refused(guard, OWN | claims) == reason


@pytest.mark.parametrize("typ", ["JWT", "rt+jwt", "application/rt+jwt", "jwt", ""])
def test_an_app_refuses_another_type(make_app: MakeApp, guard: TokenGuard, typ: str) -> None:
    make_app(guard, KEY=SECRET.decode())
    assert refused(guard, OWN, HEADER | {"typ": typ}) == "The header has the wrong type (typ)"


def test_an_app_refuses_a_token_without_a_type(make_app: MakeApp, guard: TokenGuard) -> None:
    make_app(guard, KEY=SECRET.decode())
    assert refused(guard, OWN, {"alg": "HS256"}) == "The header has the wrong type (typ)"


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_an_app_accepts_its_type_in_any_spelling(
    make_app: MakeApp, guard: TokenGuard, typ: str
) -> None:
    make_app(guard, KEY=SECRET.decode())
    assert guard.verify(signed(KEY, OWN, HEADER | {"typ": typ})).typ == "at+jwt"


def test_an_app_demands_its_issuer_and_one_of_its_audiences(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    make_app(guard, KEY=SECRET.decode(), ISSUER="us", AUDIENCE=["api", "app"])
    assert guard.verify(signed(KEY, OWN | {"iss": "us", "aud": ["x", "app"]}, HEADER))
    assert refused(guard, OWN | {"aud": "api"}) == "The token names no issuer (iss)"
    assert refused(guard, OWN | {"iss": "us"}) == "The token has no audience (aud)"


def test_an_app_forgives_its_leeway(
    make_app: MakeApp, guard: TokenGuard, clock: SettableClock
) -> None:
    make_app(guard, KEY=SECRET.decode(), LEEWAY=30)
    clock.now = 1000
    assert guard.verify(signed(KEY, OWN | {"exp": 971}, HEADER))
    assert guard.verify(signed(KEY, OWN | {"iat": 1035, "nbf": 1035}, HEADER))
    assert refused(guard, OWN | {"exp": 970}) == "The token has expired (exp)"
    assert refused(guard, OWN | {"iat": 1036}) == "The token is not valid yet (iat)"


def test_an_app_accepts_no_longer_token_than_it_is_told(
    make_app: MakeApp, guard: TokenGuard
) -> None:
    make_app(guard, KEY=SECRET.decode(), MAX_TOKEN_SIZE=256)
    assert refused(guard, OWN | {"long": "x" * 256}) == "The token is too long"


def test_an_app_has_its_own_rules_after_ours(make_app: MakeApp, clock: SettableClock) -> None:
    def is_not_a_robot(token: VerifiedToken) -> None:
        if token.claims["sub"] == "robot":
            raise InvalidToken("Robots are not served", claim="sub")

    guard = TokenGuard(validators=[is_not_a_robot], clock=clock)
    make_app(guard, KEY=SECRET.decode())
    assert refused(guard, OWN | {"sub": "robot"}) == "Robots are not served"
    assert refused(guard, OWN | {"sub": "robot", "exp": 1}) == "The token has expired (exp)"


def test_an_app_verifies_what_it_issues(make_app: MakeApp) -> None:
    guard = TokenGuard()
    make_app(guard, ISSUER="us", AUDIENCE="api", CLIENT_ID="app")
    claims = guard.verify(guard.issue_token("me", scope="a b", claims={"role": "guest"})).claims
    assert (claims.subject, claims.issuer, claims.audience) == ("me", "us", ("api",))
    assert claims.scopes == {"a", "b"}
    assert (claims["client_id"], claims["role"]) == ("app", "guest")
    assert claims.expires_at.timestamp() > time.time()


def test_an_app_names_itself_as_client_unless_told(make_app: MakeApp) -> None:
    guard = TokenGuard()
    make_app(guard, ISSUER="us")
    assert guard.verify(guard.issue_token("me")).claims["client_id"] == "us"
    assert "client_id" not in guard.verify(guard.issue_token("me", client_id=None)).claims


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", None])
def test_an_app_accepts_each_type_that_it_names(
    make_app: MakeApp, guard: TokenGuard, typ: str | None
) -> None:
    make_app(guard, KEY=SECRET.decode(), TYPES=["JWT", None])
    header = {"alg": "HS256"} | ({} if typ is None else {"typ": typ})
    assert guard.verify(signed(KEY, OWN, header)).typ == (typ and "jwt")


@pytest.mark.parametrize("typ", ["at+jwt", "rt+jwt", ""])
def test_no_type_does_not_stand_for_every_type(
    make_app: MakeApp, guard: TokenGuard, typ: str
) -> None:
    make_app(guard, KEY=SECRET.decode(), TYPES=[None])
    assert refused(guard, OWN, HEADER | {"typ": typ}) == "The header has the wrong type (typ)"


@pytest.mark.parametrize(
    ("types", "header"),
    [
        (["JWT", None], {"typ": "JWT"}),
        (["application/at+jwt"], {"typ": "application/at+jwt"}),
        ([None, "JWT"], {}),
        ([None], {}),
    ],
)
def test_the_first_type_is_written_as_it_stands(
    make_app: MakeApp, guard: TokenGuard, types: list[str | None], header: dict[str, str]
) -> None:
    make_app(guard, KEY=SECRET.decode(), TYPES=types)
    assert guard.verify(guard.issue_token("me")).header == {"alg": "HS256"} | header
