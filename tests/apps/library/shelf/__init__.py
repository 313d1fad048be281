"""A lending library: readers borrow, librarians also add books and lock readers out."""

from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from flask_tokenguard import TokenGuard

from .accounts import make_accounts
from .books import make_books
from .models import Base, Session, User

guard = TokenGuard()


@guard.user_loader
def load_user(claims):
    user = Session.get(User, int(claims.subject))
    return None if user is None or user.is_locked else user


@guard.default_claims
def claims_for(subject):
    return {"roles": Session.get_one(User, int(subject)).roles}


def create_app(settings=None):
    app = Flask("shelf")
    app.config.from_prefixed_env()
    app.config.update(settings or {})
    in_memory = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    database = app.config.get("DATABASE", "sqlite://")
    engine = create_engine(database, **(in_memory if database == "sqlite://" else {}))
    Session.configure(bind=engine)
    Base.metadata.create_all(engine)
    app.teardown_appcontext(lambda _error: Session.remove())
    guard.init_app(app)
    app.register_blueprint(make_accounts())
    app.register_blueprint(guard.token_endpoints(), url_prefix="/oauth")
    app.register_blueprint(make_books(), url_prefix="/books")
    return app
