"""`flask tokenguard doctor`: encryption."""

from typing import Any

import pytest
from flask import Flask

from flask_tokenguard import TokenGuard, public, token_required

from ...conftest import MakeApp
from ...support import Config
from ...web.support import called_by_another, new_view
from .support import findings, oct_jwk, rows_of


class Hiding:
    """A decorator that is a class."""

    __name__ = "hiding"

    def __init__(self, view: Any) -> None:
        self.view = view

    def __call__(self) -> Any:
        """Call the view."""
        return self.view()


def codes_of(app: Flask) -> list[tuple[str, str]]:
    return [(row["code"], row["about"]) for row in rows_of(app)]


@pytest.mark.parametrize(
    "decorator", [called_by_another, Hiding, lambda view: called_by_another(Hiding(view))]
)
def test_a_decorator_that_hides_the_guard_is_found(
    make_app: MakeApp, safe: Config, decorator: Any
) -> None:
    app = make_app(**safe, PROTECT="all", PUBLIC_ENDPOINTS=["hidden"])
    app.add_url_rule("/hidden", "hidden", decorator(token_required(new_view())))
    assert ("hidden_guard", "hidden") in codes_of(app)


def hidden_below(outer: Any, **demands: Any) -> Any:
    return outer(called_by_another(token_required(**demands)(new_view())))


@pytest.mark.parametrize(("protect", "outer"), [("all", Hiding), ("marked", token_required)])
def test_a_demand_that_is_hidden_below_a_milder_one_is_found(
    make_app: MakeApp, safe: Config, protect: str, outer: Any
) -> None:
    app = make_app(**safe, PROTECT=protect)
    app.add_url_rule("/hidden", "hidden", hidden_below(outer, scope="admin"))
    assert ("hidden_guard", "hidden") in codes_of(app)


def test_a_hidden_demand_that_is_met_above_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe, PROTECT="all")
    app.add_url_rule("/twice", "twice", hidden_below(token_required))
    app.add_url_rule("/default", "default", hidden_below(called_by_another))
    app.add_url_rule("/seen", "seen", token_required(scope="admin")(new_view()))
    assert codes_of(app) == []


@pytest.mark.parametrize(
    "view",
    [
        called_by_another(new_view()),
        called_by_another(Hiding),
        called_by_another(public(new_view())),
    ],
    ids=["a function", "a class", "an open function"],
)
def test_a_decorator_that_hides_no_guard_is_no_risk(
    make_app: MakeApp, safe: Config, view: Any
) -> None:
    app = make_app(**safe, PROTECT="all")
    app.add_url_rule("/plain", "plain", view)
    assert codes_of(app) == []


def test_a_guard_above_a_decorator_that_hides_one_is_no_risk(
    make_app: MakeApp, safe: Config
) -> None:
    app = make_app(**safe)
    app.add_url_rule(
        "/twice", "twice", token_required(called_by_another(token_required(new_view())))
    )
    assert codes_of(app) == []


def test_a_realm_that_a_server_made_up_is_advice(make_app: MakeApp, safe: Config) -> None:
    app = make_app(**safe)
    assert codes_of(app) == []
    app = Flask("_mod_wsgi_1f8c")
    app.config.update({f"TOKENGUARD_{name}": value for name, value in safe.items()})
    TokenGuard(app)
    assert codes_of(app) == [("generated_realm", "TOKENGUARD_REALM")]


def test_a_realm_that_was_set_is_no_risk(make_app: MakeApp, safe: Config) -> None:
    assert codes_of(make_app(**safe, REALM="notes")) == []


@pytest.mark.parametrize(
    ("size", "setting", "count"),
    [
        (32, {"alg": "A256KW"}, 0),
        (32, {"alg": "A256KW", "required": False}, 1),
        (32, {"alg": "dir", "enc": "A256GCM"}, 1),
        (16, {"alg": "dir", "enc": "A128GCM"}, 1),
        (32, {"alg": "A256KW", "enc": "A256GCM"}, 0),
        (64, {"alg": "dir", "enc": "A256CBC-HS512"}, 0),
        (32, {"alg": "dir", "enc": "A256GCM", "required": False}, 2),
    ],
)
def test_a_risky_encryption_is_found(
    make_app: MakeApp, safe: Config, size: int, setting: Config, count: int
) -> None:
    app = make_app(ENCRYPTION={"key": oct_jwk(size), **setting}, **safe)
    assert findings(app) == [("advice", "TOKENGUARD_ENCRYPTION")] * count


def test_one_secret_for_both_uses_is_found(make_app: MakeApp, safe: Config) -> None:
    key = oct_jwk(32, kid="both")
    app = make_app(**safe | {"KEY": key}, ENCRYPTION={"kid": "both", "alg": "A256KW"})
    assert findings(app) == [("advice", "TOKENGUARD_KEY"), ("advice", "TOKENGUARD_ENCRYPTION")]
