"""`flask tokenguard inspect`: encryption."""

import json

from ...conftest import MakeApp
from .support import checks, fault_of, issued, new_encryption, run, run_alone


def test_an_encrypted_token_is_read(make_app: MakeApp, encryption: dict[str, str]) -> None:
    app = make_app(ENCRYPTION=encryption)
    token = issued(app, "--claim", "tier=gold")
    result = run(app, token)
    assert token.count(".") == 4
    assert result.exit_code == 0
    assert '"tier": "gold"' in result.stdout


def test_an_encrypted_token_is_closed_to_another_app(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    result = run(make_app(), issued(make_app(ENCRYPTION=encryption)), "--json")
    fault = "The token is encrypted; set TOKENGUARD_ENCRYPTION to the key that opens it"
    assert fault_of(result) == fault
    assert json.loads(result.stdout)["header"]["alg"] == "A256KW"
    assert json.loads(result.stdout)["claims"] is None


def test_an_encrypted_token_is_closed_without_an_app(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    result = run_alone(issued(make_app(ENCRYPTION=encryption)), "--json")
    assert fault_of(result) == "The token is encrypted; only an app with its key can read it"


def test_an_encrypted_token_for_another_key_is_refused(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    token = issued(make_app(ENCRYPTION=new_encryption()))
    result = run(make_app(ENCRYPTION=encryption), token, "--json")
    assert fault_of(result).startswith("The token cannot be decrypted; ")


def test_a_merely_signed_token_is_refused_if_encryption_is_asked(
    make_app: MakeApp, encryption: dict[str, str]
) -> None:
    result = run(make_app(ENCRYPTION=encryption), issued(make_app()), "--json")
    assert result.exit_code == 1
    assert checks(result) == {"form": "refused: The token is not encrypted"}
