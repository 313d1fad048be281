"""What the state machine's steps share: two workers and a model, and how they are compared."""

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine, invariant
from werkzeug.test import TestResponse

from flask_tokenguard import refresh_reused
from flask_tokenguard.errors import InvalidToken, Unavailable
from flask_tokenguard.keys import ring_files

from ...support import turn_ring
from .model import ACCESS_LIFETIME, OTHER, Model, Outcome, Session, Span, Token, since
from .stores import Stores
from .workers import Worker

T = TypeVar("T")
_OTHER_SECRET = secrets.token_bytes(64)


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


OTHER_KEY = {"kty": "oct", "kid": "other", "k": _text(_OTHER_SECRET)}


def sign_elsewhere(claims: dict[str, Any]) -> str:
    """Sign a token of the other issuer."""
    header = {"alg": "HS256", "kid": "other", "typ": "at+jwt"}
    claims = {"iss": OTHER, "aud": "api", "client_id": "app", "exp": claims["iat"] + 900, **claims}
    signed = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
    return f"{signed}.{_text(hmac.digest(_OTHER_SECRET, signed.encode(), 'sha256'))}"


def read_part(token: str, number: int) -> dict[str, Any]:
    """Read the header or the claims of a token, by nothing of ours."""
    part = token.split(".")[number]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def pick_from(several: Sequence[T], pick: int) -> T:
    """Pick one of several, the last by 0."""
    return several[-1 - pick % len(several)]


class Comparison(RuleBasedStateMachine):
    """Two workers on one store, and the model of what they should do.

    Attributes:
        at: When the store performed the step under way, by its clock.
        alarms: What `refresh_reused` was sent with.
        unheard_logins: How many sessions of a subject nobody knows by name.
    """

    def __init__(self, stores: Stores, folder: Path) -> None:
        super().__init__()
        self.stores = stores
        self.at = Span(stores.now() - 1, stores.now())
        self.alarms: list[dict[str, Any]] = []
        self._steps = 0
        self.unheard_logins = {"alice": 0, "bob": 0}
        self._keyring = folder / "keys"
        kids = self.write_ring(drops=False)
        self.model = Model(stores.keeps, self.at, self.at.high, kids)
        self.pass_time(1)
        self.workers = [self.start(0), self.start(1)]
        refresh_reused.connect(self._hear)

    def teardown(self) -> None:
        """Present everything to both workers once more, and leave nothing behind."""
        refresh_reused.disconnect(self._hear)
        try:
            for worker in self.workers:
                worker.way.fault = None
                for token in self.model.tokens:
                    self.compare(token, worker, _accepts(worker, token))
                for subject in self.unheard_logins:
                    self.compare_list(worker, subject)
        finally:
            self.stores.drop()

    @invariant()
    def look_around(self) -> None:
        """Present the newest tokens, and one of the others, to both workers."""
        tokens = self.model.tokens
        self._steps += 1
        several = [*tokens[-3:], *([tokens[self._steps % len(tokens)]] if tokens else [])]
        for worker in self.workers:
            fault, worker.way.fault = worker.way.fault, None
            for token in several:
                self.compare(token, worker, _accepts(worker, token))
            worker.way.fault = fault

    def start(self, number: int) -> Worker:
        clocks = self.stores.clocks
        return Worker(
            self.stores.open(),
            clocks.workers[number],
            steady=clocks.steady,
            keyring=self._keyring,
            other_key=OTHER_KEY,
        )

    def write_ring(self, *, drops: bool) -> set[str]:
        """Rotate the keys, and drop what has retired; return the kids that are left."""
        now = int(self.stores.clocks.steady())
        turn_ring(self._keyring, alg="HS256", now=now)
        if drops:
            ring_files.prune(self._keyring, now=now, keep=0)
        return {entry.kid for entry in ring_files.read_index(self._keyring)}

    def pass_time(self, seconds: int) -> None:
        self.stores.clocks.pass_time(seconds)
        self.see_time()

    def see_time(self) -> None:
        """Let store and model notice that a clock was moved."""
        self.stores.notice_time()
        self.model.see(self.at_present())

    def at_present(self) -> Span:
        return Span(self.stores.now(), self.stores.now())

    def perform(self, worker: Worker, act: Callable[[], T]) -> T | None:
        """Perform a step; return what the client hears, None for a 503.

        It hears that if an answer was lost, and for no other reason.
        """
        worker.way.befell = None
        before = self.stores.now()
        try:
            answer: T | None = act()
        except Unavailable:
            answer = None
        if isinstance(answer, TestResponse) and answer.status_code == 503:
            answer = None
        self.at = Span(before, self.stores.now())
        self.model.see(self.at)
        assert (answer is None) == (worker.way.befell in ("unasked", "unheard"))
        return answer

    def learn(self, text: str, session: Session | None) -> None:
        """Note a token that a client was given."""
        header, claims = read_part(text, 0), read_part(text, 1)
        self.model.tokens.append(
            Token(
                text,
                kind="refresh" if header["typ"] == "rt+jwt" else "access",
                issuer=claims["iss"],
                subject=claims["sub"],
                jti=claims["jti"],
                kid=header["kid"],
                issued=claims["iat"],
                expires=claims["exp"],
                session=session,
                seen=self.model.latest,
            )
        )

    def compare(self, token: Token, worker: Worker, is_accepted: bool) -> None:
        verdict = self.model.judge(token, worker.now)
        assert verdict in ("good" if is_accepted else "bad", "either"), f"{token} is {verdict}"

    def compare_end(self, session: Session | None, has_ended: bool) -> None:
        if session is None or session.state != "alive":
            assert not has_ended
            return
        assert has_ended or session.may_be_lost
        session.state = "ended" if has_ended else "lost"

    def compare_list(self, worker: Worker, subject: str) -> None:
        listed = self.perform(worker, lambda: worker.list_sessions(subject))
        if listed is not None:
            must, may = self.model.listed(subject, self.at)
            assert must <= listed
            assert len(listed - may) <= self.unheard_logins[subject]

    def refresh_token_of(self, session: Session, age: int) -> Token:
        """Find the refresh token of a session that is so much older than the newest."""
        held = [one for one in self.model.tokens if one.session is session]
        names = {one.jti: one for one in held if one.kind == "refresh"}
        return list(names.values())[-1 - min(age, len(names) - 1)]

    def compare_refresh(self, worker: Worker, token: Token, scope: str | None) -> None:
        session = token.session
        assert session is not None
        self._avoid_doubt(worker, token, scope)
        self.alarms.clear()
        answer = self.perform(worker, lambda: worker.refresh(token.text, scope))
        now, befell = worker.now, worker.way.befell
        if befell == "unasked":
            return
        expected = self.model.expect(token, scope, now, self.at)
        if answer is None:
            (outcome,) = expected
        else:
            outcome = self._outcome(answer, token, session)
            if befell == "asked twice" and (outcome, expected) == ("refused", {"reused"}):
                outcome = "reused"
            else:
                self._compare_alarms(token, session, has_reuse=outcome == "reused")
            assert outcome in expected, f"it was {outcome}, not {expected}"
        self.model.refresh(token, outcome, scope, now=now, at=self.at)
        if answer is not None and answer.status_code == 200:
            self._learn_pair(answer.get_json(), session, outcome, now)

    def _compare_alarms(self, token: Token, session: Session, *, has_reuse: bool) -> None:
        assert len(self.alarms) == has_reuse
        for alarm in self.alarms:
            youngest, oldest = since(session.spent_at, self.at)
            assert (alarm["sid"], alarm["subject"]) == (session.sid, session.subject)
            assert youngest - 1 <= alarm["successor_age"] <= oldest
            assert alarm["successor_used"] == (token.jti != session.spent)

    def _avoid_doubt(self, worker: Worker, token: Token, scope: str | None) -> None:
        """Lose no answer that the model cannot know."""
        soon = Span(self.stores.now(), self.stores.now() + 1)
        if len(self.model.expect(token, scope, worker.now, soon)) > 1:
            worker.way.fault = None

    def _outcome(self, answer: TestResponse, token: Token, session: Session) -> Outcome:
        if answer.status_code == 200:
            return "advanced" if token.jti == session.unspent.jti else "repeated"
        assert answer.status_code == 400
        if answer.get_json()["error"] == "invalid_scope":
            return "scope"
        assert answer.get_json()["error"] == "invalid_grant"
        return "reused" if self.alarms else "refused"

    def _learn_pair(
        self, pair: dict[str, Any], session: Session, outcome: Outcome, now: int
    ) -> None:
        access, refresh = (read_part(pair[f"{kind}_token"], 1) for kind in ("access", "refresh"))
        successor = session.unspent
        if outcome == "advanced" or successor.jti is None:
            assert all(refresh["jti"] != token.jti for token in self.model.tokens)
            successor.jti = refresh["jti"]
        assert (refresh["jti"], refresh["exp"]) == (successor.jti, successor.expires)
        assert pair["scope"] == access["scope"] == successor.scope
        assert access["exp"] == min(now + ACCESS_LIFETIME, session.end)
        assert {claims["sid"] for claims in (access, refresh)} == {session.sid}
        assert {claims["sub"] for claims in (access, refresh)} == {session.subject}
        self.learn(pair["access_token"], session)
        self.learn(pair["refresh_token"], session)

    def _hear(self, _app: Flask, **members: Any) -> None:
        self.alarms.append(members)


def _accepts(worker: Worker, token: Token) -> bool:
    try:
        return worker.guard.verify(token.text).claims.id == token.jti
    except InvalidToken:
        return False
