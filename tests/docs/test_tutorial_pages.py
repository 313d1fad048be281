"""The pages beside the tutorials of PyJWT and jwcrypto: all of their code runs, in its order."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import jwt
import pytest
from click.testing import CliRunner
from flask.cli import ScriptInfo
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT

from flask_tokenguard import ConfigurationError, TokenGuard
from flask_tokenguard.cli.commands import tokenguard

from ..conftest import MakeApp
from ..support import ROOT

DOCS = ROOT / "docs"
PASSWORD = "correct horse"
PAGES = {name: (DOCS / f"tutorial-{name}.md").read_text() for name in ("pyjwt", "jwcrypto")}


class Reader:
    """One who types a page's code, a block after the other, in a folder of its own."""

    def __init__(self, page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module = ModuleType("app")
        self.folder = folder
        self.outputs: dict[str, str] = {}
        self._monkeypatch = monkeypatch
        for language, code in blocks_of(page):
            if language == "python":
                exec(compile(code, page, "exec"), self.module.__dict__)  # noqa: S102 - our own docs
            else:
                for line in code.splitlines():
                    self._type(line)

    def _type(self, line: str) -> None:
        first, *words = shlex.split(line)
        if first == "export":
            name, _, value = words[0].partition("=")
            self._monkeypatch.setenv(name, value)
            return
        if first == "mkdir":
            Path(words[-1]).mkdir()
            return
        assert (first, words[0]) == ("flask", "tokenguard")
        info = ScriptInfo(create_app=lambda: self.module.app)
        token = getattr(self.module, "token", None)
        result = CliRunner().invoke(tokenguard, words[1:], obj=info, input=token)
        assert result.exit_code == 0, result.output
        self.outputs[line] = result.stdout


def blocks_of(page: str) -> list[tuple[str, str]]:
    """Read a page's blocks of code, each with its language."""
    return re.findall(r"^```(\w+)\n(.*?)^```", PAGES[page], re.DOTALL | re.MULTILINE)


def run(page: str, folder: Path) -> Reader:
    """Run a page; its own RSA keys are short, to be quick."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("flask_tokenguard.keys.generate._RSA_BITS", 2048)
        monkeypatch.chdir(folder)
        return Reader(page, folder, monkeypatch)


@pytest.fixture(scope="module")
def pyjwt_page(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """One who has typed the page beside PyJWT's tutorial."""
    return run("pyjwt", tmp_path_factory.mktemp("pyjwt"))


@pytest.fixture(scope="module")
def jwcrypto_page(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """One who has typed the page beside jwcrypto's."""
    return run("jwcrypto", tmp_path_factory.mktemp("jwcrypto"))


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_run(page: str) -> None:
    assert PAGES[page].count("```") == 2 * len(blocks_of(page))
    assert {language for language, _ in blocks_of(page)} == {"python", "sh"}


@pytest.mark.parametrize("page", PAGES)
def test_the_lines_side_by_side_are_those_that_are_run(page: str) -> None:
    table = PAGES[page].partition("| step |")[2].partition("\n\n")[0]
    code = "\n".join(code for _, code in blocks_of(page))
    lines = re.findall(r"`([^`]+)`", table.partition("\n")[2])
    assert len(lines) > 10
    assert [line for line in lines if line not in code] == []


def test_pyjwt_and_we_read_the_same(pyjwt_page: Reader) -> None:
    assert pyjwt_page.module.read_here == pyjwt_page.module.read
    assert pyjwt_page.module.read.keys() == {"sender", "message", "date", "exp"}


def test_the_token_of_pyjwt_is_shown_with_each_check(pyjwt_page: Reader) -> None:
    output = pyjwt_page.outputs["flask tokenguard inspect -"]
    assert '"sender": "ada"' in output
    assert "refused" not in output


def test_pyjwt_takes_the_public_key_that_we_print(pyjwt_page: Reader) -> None:
    printed = jwt.PyJWKSet.from_json(pyjwt_page.outputs["flask tokenguard jwks"])
    jwt.decode(pyjwt_page.module.signed_here, printed.keys[0], algorithms=["RS256"])
    assert '"d"' not in pyjwt_page.outputs["flask tokenguard jwks"]


def test_jwcrypto_and_we_read_the_same(jwcrypto_page: Reader) -> None:
    assert jwcrypto_page.module.read_here == jwcrypto_page.module.read
    assert jwcrypto_page.module.read.keys() == {"userRole", "gcmId", "exp"}
    assert isinstance(jwcrypto_page.module.read["exp"], float)


def test_jwcrypto_opens_each_file_that_we_make(jwcrypto_page: Reader) -> None:
    folder = jwcrypto_page.folder / "instance"
    keys = [JWK.from_json((folder / name).read_text()) for name in ("pair.jwk", "public.jwk")]
    pems = [
        JWK.from_pem((folder / "pair.pem").read_bytes(), PASSWORD.encode()),
        JWK.from_pem((folder / "public.pem").read_bytes()),
    ]
    for private, public in (keys, pems):
        assert (private.has_private, public.has_private) == (True, False)
        assert private.thumbprint() == public.thumbprint()


@pytest.mark.parametrize("name", ["pair.jwk", "public.jwk", "pair.pem", "public.pem"])
def test_each_file_may_be_the_app_s_key(
    jwcrypto_page: Reader, make_app: MakeApp, name: str
) -> None:
    password = {"KEY_PASSWORD": PASSWORD} if name == "pair.pem" else {}
    guard = TokenGuard()
    make_app(guard, KEY_FILE=jwcrypto_page.folder / "instance" / name, **password)
    if name.startswith("pair"):
        assert guard.verify(guard.issue_token("ada")).header["alg"] == "RS256"
    else:
        with pytest.raises(ConfigurationError, match="No key can sign"):
            guard.issue_token("ada")


# What the pages hold against the habits of such texts.


def test_pyjwt_warns_of_a_word_as_the_secret_and_we_do_not_start(make_app: MakeApp) -> None:
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        jwt.encode({}, "secret", algorithm="HS256")
    with pytest.raises(ConfigurationError):
        make_app(KEY="secret")


def test_pyjwt_has_to_be_asked_for_an_end(secret: str) -> None:
    token = jwt.encode({}, secret, algorithm="HS256")
    assert jwt.decode(token, secret, algorithms=["HS256"]) == {}
    with pytest.raises(jwt.MissingRequiredClaimError):
        jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp"]})


def test_pyjwt_takes_a_naive_date_for_utc(secret: str) -> None:
    naive = datetime(2100, 1, 1)  # noqa: DTZ001 - the habit
    token = jwt.encode({"exp": naive}, secret, algorithm="HS256")
    claims = jwt.decode(token, secret, algorithms=["HS256"])
    assert claims["exp"] == naive.replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("claims", [{}, {"exp": -30}], ids=["no exp", "exp half a minute ago"])
def test_jwcrypto_takes_what_has_no_end_or_has_just_ended(claims: dict[str, int]) -> None:
    key = JWK.generate(kty="oct", size=256)
    now = datetime.now(UTC)
    dates = {name: (now + timedelta(seconds=ago)).timestamp() for name, ago in claims.items()}
    signed = JWT(header={"alg": "HS256"}, claims=dates)
    signed.make_signed_token(key)
    assert json.loads(JWT(key=key, jwt=signed.serialize()).claims) == dates


def test_jwcrypto_does_not_expect_a_nested_token_by_itself() -> None:
    key = JWK.generate(kty="oct", size=256)
    nested = JWT(header={"alg": "A256KW", "enc": "A256CBC-HS512"}, claims="a.b.c")
    nested.make_encrypted_token(key)
    with pytest.raises(TypeError, match="Expected JWS, got JWE"):
        JWT(key=key, jwt=nested.serialize())
