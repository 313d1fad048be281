"""What the hook and the wrapper see of a demand: what is no plain function."""

from functools import lru_cache, partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_tokenguard import token_required

from ..conftest import Headers
from ..support import View, new_view
from .support import _refused_by_hook


class _Notes:
    def show(self) -> str:
        return "served"

    def __call__(self) -> str:
        return "served"


async def _show_later() -> str:
    return "served"


@pytest.mark.parametrize(
    "view",
    [_Notes().show, _Notes(), partial(new_view()), partial(_show_later), _Notes.show.__get__(1)],
    ids=["bound method", "callable object", "partial", "async partial", "method of another object"],
)
def test_what_is_no_plain_function_is_wrapped(
    app: Flask, client: FlaskClient, headers: Headers, view: View
) -> None:
    app.add_url_rule("/", "view", token_required(view))
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"


@pytest.mark.parametrize(
    "view",
    [_Notes().show, _Notes(), partial(new_view())],
    ids=["bound method", "callable object", "partial"],
)
def test_what_is_no_plain_function_is_not_marked(
    app: Flask, client: FlaskClient, view: View
) -> None:
    token_required(view)
    app.add_url_rule("/", "view", view)
    assert client.get("/").text == "served"


class _GuardedNotes:
    @token_required
    def show(self) -> str:
        return "served"

    __call__ = show


@pytest.mark.parametrize(
    "view",
    [
        _GuardedNotes().show,
        _GuardedNotes(),
        partial(token_required(new_view())),
        staticmethod(token_required(new_view())),
        lru_cache(token_required(new_view())),
    ],
    ids=["bound method", "callable object", "partial", "static method", "cached function"],
)
def test_what_leads_to_a_guarded_function_is_guarded_by_the_hook(
    app: Flask, client: FlaskClient, headers: Headers, view: View
) -> None:
    app.add_url_rule("/", "view", view)
    assert _refused_by_hook(client)
    assert client.get("/", headers=headers).text == "served"
