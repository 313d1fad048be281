"""Books: listed, borrowed, and added."""

from flask import Blueprint, abort, request
from sqlalchemy import select

from flask_tokenguard import current_user, public, token_required

from .models import Book, Session


def make_books():
    books = Blueprint("books", __name__)

    @books.get("/")
    @public
    def list_books():
        return {"books": [book.title for book in Session.scalars(select(Book))]}

    @books.post("/")
    @token_required(scope="books:write", role="librarian")
    def add():
        book = Book(title=request.form["title"])
        Session.add(book)
        Session.commit()
        return {"id": book.id}, 201

    @books.post("/<int:book_id>/loan")
    @token_required(scope="books:borrow", user=True)
    def borrow(book_id):
        book = Session.get(Book, book_id) or abort(404)
        if book.reader is not None:
            abort(409)
        book.reader_id = current_user.id
        Session.commit()
        return "", 204

    return books
