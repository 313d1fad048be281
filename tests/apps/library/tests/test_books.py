from flask_tokenguard.testing import assert_challenge, client_with, token_for


def test_everybody_sees_the_books(client):
    assert client.get("/books/").json == {"books": ["Pale Fire"]}


def test_a_reader_borrows_a_book(auth_client):
    assert auth_client.post("/books/1/loan").status_code == 204
    assert auth_client.get("/me").json["books"] == ["Pale Fire"]
    assert auth_client.post("/books/1/loan").status_code == 409


def test_a_reader_adds_no_book(auth_client):
    answer = auth_client.post("/books/", data={"title": "Mine"})
    assert_challenge(answer, error="insufficient_scope", scope="books:write")


def test_a_librarian_adds_a_book(librarian, client):
    assert librarian.post("/books/", data={"title": "Ada"}).status_code == 201
    assert client.get("/books/").json == {"books": ["Pale Fire", "Ada"]}


def test_the_scope_alone_makes_no_librarian(app):
    client = client_with(app, token_for(app, "1", scope="books:write"))
    assert_challenge(client.post("/books/", data={"title": "x"}), error="insufficient_scope")


def test_no_endpoint_is_open_by_omission(app):
    result = app.test_cli_runner().invoke(args=["tokenguard", "routes", "--strict"])
    assert result.exit_code == 0
