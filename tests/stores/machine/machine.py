"""The state machine: what clients, admins and mishaps do to two workers on one store.

Each step compares what came of it with the model. Steps that end much are ways of one rule, so that
others come more often.
"""

from contextlib import suppress

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from flask_tokenguard.errors import Unavailable

from .comparison import Comparison, pick_from, read_part, sign_elsewhere
from .model import ACCESS_LIFETIME, GRANTED, OTHER, OWN, SESSION_LIFETIME, Session, Span, Successor
from .workers import Fault

# Which of a list is meant, the last by 0: what one step made, the next is about.
PICK = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8, 13, 21])
AGE = st.sampled_from([1, 1, 1, 0, 2])
SCOPE = st.sampled_from([None, None, "read", "admin"])
WORKER = st.integers(0, 1)
SUBJECT = st.sampled_from(["alice", "bob"])
SECONDS = st.sampled_from([1, 9, 10, 11, 60, 300])
# Enough for the grace and for `iat`; together less than the hour that clocks may be apart.
APART = st.sampled_from([0, 0, 0, -1, 1, -5, -6, -9, 10, 11, -1200, 1200])
FAULT = st.sampled_from(["unheard", "unheard", "unasked", "asked twice"])
# Each of these is a method.
ENDINGS = st.sampled_from("log_out end try_to_end try_to_end end_all end_all_elsewhere".split())
EVENTS = st.sampled_from(
    "restart restart rotate rotate prune run_ahead drop replace quarter day".split()
)
_AHEAD = 23 * 3600


class SessionMachine(Comparison):
    """Every step that the contract speaks of."""

    @rule(number=WORKER, subject=SUBJECT)
    def log_in(self, number: int, subject: str) -> None:
        worker = self.workers[number]
        pair = self.perform(worker, lambda: worker.log_in(subject))
        if pair is None:
            self.unheard_logins[subject] += 1
            return
        claims = read_part(pair["refresh_token"], 1)
        assert claims["session_exp"] == worker.now + SESSION_LIFETIME
        first = Successor(claims["jti"], claims["exp"], GRANTED)
        session = Session(claims["sid"], subject, claims["session_exp"], first)
        self.model.sessions.append(session)
        self.learn(pair["access_token"], session)
        self.learn(pair["refresh_token"], session)

    @rule(number=WORKER, subject=SUBJECT)
    def issue(self, number: int, subject: str) -> None:
        worker = self.workers[number]
        token = self.perform(worker, lambda: worker.guard.issue_token(subject))
        if token is not None:
            self.learn(token, None)

    @precondition(lambda self: self.model.tokens)
    @rule(number=WORKER, pick=PICK, age=st.sampled_from([0, 1, 600]))
    def mint_elsewhere(self, number: int, pick: int, age: int) -> None:
        """Issue a token of the other issuer that names what a token of ours names."""
        like = pick_from(self.model.tokens, pick)
        claims = {"sub": like.subject, "jti": like.jti, "iat": self.workers[number].now - age}
        if like.session is not None:
            claims["sid"] = like.session.sid
        self.learn(sign_elsewhere(claims), None)

    @precondition(lambda self: self.model.sessions)
    @rule(number=WORKER, pick=PICK, scope=SCOPE, has_two_tabs=st.booleans())
    def refresh(self, number: int, pick: int, scope: str | None, has_two_tabs: bool) -> None:
        """Refresh as a client does, with the newest token that it has; in two tabs at once."""
        session = pick_from(self.model.living_last(), pick)
        token = self.refresh_token_of(session, 0)
        self.compare_refresh(self.workers[number], token, scope)
        if has_two_tabs:
            self.compare_refresh(self.workers[1 - number], token, None)

    @precondition(lambda self: self.model.sessions)
    @rule(number=WORKER, pick=PICK, age=AGE, later=st.sampled_from([0, 9, 10, 11]))
    def refresh_again(self, number: int, pick: int, age: int, later: int) -> None:
        """Refresh after a while with an older token, as who retries, or a thief."""
        self.pass_time(later)
        token = self.refresh_token_of(pick_from(self.model.living_last(), pick), age)
        self.compare_refresh(self.workers[number], token, None)

    @precondition(lambda self: self.model.tokens)
    @rule(number=WORKER, pick=PICK, is_away=st.sampled_from([False, False, True]))
    def visit(self, number: int, pick: int, is_away: bool) -> None:
        """Visit the guarded view, also while the store is away."""
        worker, token = self.workers[number], pick_from(self.model.tokens, pick)
        worker.way.fault = "unasked" if is_away else worker.way.fault
        answer = self.perform(worker, lambda: worker.get(token.text))
        if answer is not None:
            assert answer.status_code in (200, 401)
            self.compare(token, worker, answer.status_code == 200)
            assert answer.status_code == 401 or answer.get_json()["jti"] == token.jti

    @precondition(lambda self: self.model.tokens)
    @rule(number=WORKER, pick=PICK)
    def revoke(self, number: int, pick: int) -> None:
        """Revoke a token of any kind at the endpoint, which does not ask whether it is good."""
        worker, token = self.workers[number], pick_from(self.model.tokens, pick)
        self.perform(worker, lambda: worker.revoke(token.text))
        if worker.way.befell == "unasked" or not self.model.has_key(token):
            return
        if token.session is not None and token.kind == "refresh":
            self.model.end(token.session)
        else:
            self.model.revoke(token, worker.now)

    @precondition(lambda self: self.model.tokens)
    @rule(number=WORKER, pick=PICK, names_subject=st.booleans())
    def revoke_by_id(self, number: int, pick: int, names_subject: bool) -> None:
        worker, token = self.workers[number], pick_from(self.model.tokens, pick)
        subject = token.subject if names_subject else None
        if token.kind == "access":
            self.perform(worker, lambda: worker.revoke_id(token.jti, token.issuer, subject))
            if worker.way.befell != "unasked":
                self.model.revoke_id(token)

    @precondition(lambda self: self.model.sessions)
    @rule(number=WORKER, pick=PICK, how=ENDINGS)
    def end_something(self, number: int, pick: int, how: str) -> None:
        getattr(self, how)(number, pick_from(self.model.living_last(), pick))

    def log_out(self, number: int, session: Session) -> None:
        """Log out with an access token of the session, the newest that there is."""
        worker = self.workers[number]
        tokens = [one for one in self.model.tokens if one.session is session]
        token = next(one for one in reversed(tokens) if one.kind == "access")
        answer = self.perform(worker, lambda: worker.log_out(token.text))
        if answer is not None:
            self.compare(token, worker, answer.status_code == 200)
            if answer.status_code == 200:
                self.compare_end(session, answer.get_json()["ended"])

    def end(self, number: int, session: Session) -> None:
        worker = self.workers[number]
        has_ended = self.perform(worker, lambda: worker.end(session.sid, session.subject))
        if has_ended is not None:
            self.compare_end(session, has_ended)
        elif worker.way.befell == "unheard":
            self.model.end(session)

    def try_to_end(self, number: int, session: Session) -> None:
        """Name somebody else's session."""
        worker = self.workers[number]
        assert not self.perform(worker, lambda: worker.end(session.sid, "mallory"))

    def end_all(self, number: int, session: Session, issuer: str = OWN) -> None:
        worker = self.workers[number]
        self.perform(worker, lambda: worker.end_all(session.subject, issuer))
        if worker.way.befell != "unasked":
            self.model.end_all(issuer, session.subject, self.at)

    def end_all_elsewhere(self, number: int, session: Session) -> None:
        """End all of the other issuer's subject of that name."""
        self.end_all(number, session, OTHER)

    @rule(number=WORKER, subject=SUBJECT)
    def list_sessions(self, number: int, subject: str) -> None:
        self.compare_list(self.workers[number], subject)

    @rule(seconds=SECONDS)
    def let_time_pass(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(which=st.integers(0, 2), seconds=APART)
    def set_a_clock(self, which: int, seconds: int) -> None:
        self.stores.clocks.set_apart(which, seconds)
        self.see_time()

    @rule(number=WORKER, fault=FAULT)
    def lose_the_next_answer(self, number: int, fault: Fault) -> None:
        self.workers[number].way.fault = fault

    @rule(number=WORKER, event=EVENTS)
    def administer(self, number: int, event: str) -> None:
        getattr(self, event)(number)

    def restart(self, number: int) -> None:
        self.workers[number] = self.start(number)

    def rotate(self, _: int) -> None:
        self.model.kids = self.write_ring(drops=False)
        self.pass_time(2)

    def drop(self, _: int) -> None:
        """Rotate the keys, and drop those that have signed."""
        self.model.kids = self.write_ring(drops=True)
        self.pass_time(2)

    def prune(self, number: int) -> None:
        with suppress(Unavailable):
            self.workers[number].way.prune(lambda *_: None)

    def run_ahead(self, number: int) -> None:
        """Let the store's clock be ahead by less than a day, and prune meanwhile."""
        clock = self.stores.clocks.store
        clock.now += _AHEAD
        self.stores.notice_time()
        self.model.expire(self.at_present())
        self.prune(number)
        clock.now -= _AHEAD
        self.stores.notice_time()

    def replace(self, _: int) -> None:
        """Put a new store in the place of the one that is lost."""
        self.pass_time(1)
        before = self.stores.now()
        self.stores.lose()
        self.model.replace(Span(before, self.stores.now()))
        self.pass_time(1)

    def quarter(self, _: int) -> None:
        """Let access tokens expire."""
        self.pass_time(ACCESS_LIFETIME)

    def day(self, number: int) -> None:
        """Let everything expire, and what was revoked be dropped."""
        self.pass_time(100_000)
        self.prune(number)
