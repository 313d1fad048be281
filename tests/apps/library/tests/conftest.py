import secrets

import pytest
from shelf import create_app
from shelf.models import Book, Session, User

from flask_tokenguard.testing import client_with, token_for


@pytest.fixture
def app():
    app = create_app(
        {
            "TESTING": True,
            "TOKENGUARD_KEY": secrets.token_urlsafe(64),
            "TOKENGUARD_STORAGE_URI": "memory://",
            "TOKENGUARD_PROTECT": "all",
            "TOKENGUARD_PUBLIC_ENDPOINTS": ["accounts.login"],
        }
    )
    with app.app_context():
        for name, is_librarian in (("ada", False), ("lin", True)):
            user = User(name=name, is_librarian=is_librarian)
            user.set_password(f"{name}'s password")
            Session.add(user)
        Session.add(Book(title="Pale Fire"))
        Session.commit()
        engine = Session.get_bind()
    yield app
    engine.dispose()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def token(app):
    """Ada's token: she is the first user."""
    return token_for(app, "1", scope="books:read books:borrow")


@pytest.fixture
def librarian(app):
    return client_with(app, token_for(app, "2", scope="books:write"))
