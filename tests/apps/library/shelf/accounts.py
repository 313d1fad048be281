"""Login, logout, and readers who are locked out."""

from flask import Blueprint, abort, g, request
from sqlalchemy import select

from flask_tokenguard import (
    current_user,
    end_all_sessions,
    end_session,
    issue_token_pair,
    sessions_of,
    token_required,
)

from .models import Session, User

SCOPES = {"reader": "books:read books:borrow", "librarian": "books:write"}


def make_accounts():
    accounts = Blueprint("accounts", __name__)

    @accounts.post("/login")
    def login():
        user = Session.scalar(select(User).filter_by(name=request.form["name"]))
        if user is None or user.is_locked or not user.has_password(request.form["password"]):
            abort(403)
        scope = " ".join(SCOPES[role] for role in user.roles)
        return issue_token_pair(str(user.id), scope=scope, origin=str(request.user_agent))

    @accounts.get("/me")
    @token_required(user=True)
    def me():
        return {
            "name": current_user.name,
            "books": [book.title for book in current_user.books],
            "sessions": len(sessions_of(g.claims)),
        }

    @accounts.post("/logout")
    @token_required
    def logout():
        end_session()
        return "", 204

    @accounts.post("/users/<int:user_id>/lock")
    @token_required(role="librarian", max_age=3600)
    def lock(user_id):
        user = Session.get(User, user_id) or abort(404)
        user.is_locked = True
        Session.commit()
        end_all_sessions(str(user.id))
        return "", 204

    return accounts
