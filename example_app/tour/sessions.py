"""The tour's chapters of Alice's sessions: refreshed, stolen, ended, and too old for a password."""

import time

from flask import Flask

from flask_tokenguard import TokenResponse, issue_token_pair

from .attacks import NEW_PAIR, REFUSED_GRANT
from .narrator import Expected, Narrator

NEW_PASSWORD = "correct horse battery"  # noqa: S105 - it is gone with the tour
REVOKED = Expected(401, {"error": "invalid_token"}, holds="revoked")
DONE = Expected(204)


def play(narrator: Narrator, app: Flask, *, alice: str, password: str) -> None:
    """Play the chapters.

    Args:
        narrator: Sends to the app's server.
        app: The app.
        alice: Alice's id.
        password: Alice's.
    """
    _play_refreshing(narrator, _log_in(narrator, password, "Refresh tokens"))
    play_theft(narrator, _log_in(narrator, password, "A stolen refresh token"))
    _play_logout(narrator, _log_in(narrator, password, "Logging out"))
    here = _log_in(narrator, password, "Logging out elsewhere, and everywhere")
    _play_many_sessions(narrator, here, _log_in(narrator, password))
    fresh = _log_in(narrator, password, "Changing the password")
    _play_password(narrator, fresh, _logged_in_an_hour_ago(app, alice), password)


def _play_refreshing(narrator: Narrator, first: TokenResponse) -> None:
    second = _refresh(narrator, "Her app changes the refresh token for a new pair.", first)
    narrator.ask("The new access token works.", "GET /me", Expected(200), token=_of(second))
    _refresh(narrator, "Had the answer been lost, it could ask again for a few seconds.", first)
    narrator.ask(
        "More than was granted at the login is not to be had.",
        "POST /oauth/token",
        Expected(400, holds="invalid_scope"),
        form=_grant(second) | {"scope": "notes:read notes:delete"},
    )
    narrator.ask(
        "A refresh token is no access token.",
        "GET /me",
        Expected(401, {"error": "invalid_token"}),
        token=second["refresh_token"],
    )


def play_theft(narrator: Narrator, stolen: TokenResponse) -> None:
    """Play a theft: owner and thief refresh with the same token, and both are thrown out."""
    thiefs = _refresh(narrator, "A thief has copied the refresh token, and is faster.", stolen)
    thiefs = _refresh(narrator, "He refreshes again.", thiefs)
    narrator.ask(
        "The owner's app sends the token that was used already: somebody has a copy.",
        "POST /oauth/token",
        REFUSED_GRANT,
        form=_grant(stolen),
    )
    narrator.ask(
        "Who, nobody can tell. The session has ended: the thief's access token is refused at once.",
        "GET /notes",
        REVOKED,
        token=_of(thiefs),
    )
    narrator.ask(
        "So is his refresh token.", "POST /oauth/token", REFUSED_GRANT, form=_grant(thiefs)
    )


def _play_logout(narrator: Narrator, pair: TokenResponse) -> None:
    narrator.ask("Alice logs out.", "POST /logout", DONE, token=_of(pair))
    narrator.ask("Her token has not expired. It is refused.", "GET /me", REVOKED, token=_of(pair))
    narrator.ask("Nor can it be refreshed.", "POST /oauth/token", REFUSED_GRANT, form=_grant(pair))


def _play_many_sessions(narrator: Narrator, here: TokenResponse, there: TokenResponse) -> None:
    listed = narrator.ask(
        "She sees all of her sessions.",
        "GET /sessions",
        Expected(200, holds="sid"),
        token=_of(here),
    )
    sid = next(session["sid"] for session in listed.json() if not session["is_this"])
    narrator.ask(
        "She ends that of the other device.", f"DELETE /sessions/{sid}", DONE, token=_of(here)
    )
    narrator.ask("Its token is refused.", "GET /me", REVOKED, token=_of(there))
    narrator.ask("Hers is not.", "GET /me", Expected(200), token=_of(here))
    narrator.ask("She logs out everywhere.", "DELETE /sessions", DONE, token=_of(here))
    narrator.ask("Now hers is refused too.", "GET /me", REVOKED, token=_of(here))


def _play_password(
    narrator: Narrator, fresh: TokenResponse, stale: TokenResponse, password: str
) -> None:
    stale_login = Expected(401, {"error": "insufficient_user_authentication", "max_age": "300"})
    change = {"old_password": password, "new_password": NEW_PASSWORD}
    narrator.ask(
        "On her phone she logged in an hour ago. That is too long for a new password.",
        "POST /password",
        stale_login,
        token=_of(stale),
        body=change,
    )
    stale = _refresh(narrator, "The phone refreshes its session.", stale)
    narrator.ask(
        "Nobody has typed a password for that: it is too long ago still.",
        "POST /password",
        stale_login,
        token=_of(stale),
        body=change,
    )
    narrator.ask(
        "Here she has just logged in, but must know the old password too.",
        "POST /password",
        REFUSED_GRANT,
        token=_of(fresh),
        body=change | {"old_password": "guess"},
    )
    changed = narrator.ask(
        "She does, and gets a new pair.", "POST /password", NEW_PAIR, token=_of(fresh), body=change
    )
    narrator.ask("Every session before it has ended.", "GET /me", REVOKED, token=_of(stale))
    narrator.ask("The new one has not.", "GET /me", Expected(200), token=_of(changed.json()))


def _log_in(narrator: Narrator, password: str, chapter: str = "") -> TokenResponse:
    if chapter:
        narrator.chapter(chapter)
    answer = narrator.ask(
        "Alice logs in." if chapter else "She logs in on another device.",
        "POST /login",
        NEW_PAIR,
        body={"name": "alice", "password": password},
    )
    pair: TokenResponse = answer.json()
    return pair


def _refresh(narrator: Narrator, sentence: str, pair: TokenResponse) -> TokenResponse:
    answer = narrator.ask(sentence, "POST /oauth/token", NEW_PAIR, form=_grant(pair))
    new: TokenResponse = answer.json()
    return new


def _grant(pair: TokenResponse) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}


def _logged_in_an_hour_ago(app: Flask, subject: str) -> TokenResponse:
    with app.app_context():
        return issue_token_pair(subject, auth_time=int(time.time()) - 3600)


def _of(pair: TokenResponse) -> str:
    return pair["access_token"]
