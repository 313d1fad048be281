"""The front end that uses it; it was written for the old app."""

import requests


def run(url: str, timeout: float = 30) -> None:
    """Read as a visitor, log in, read again."""
    visitor = requests.get(f"{url}/articles", timeout=timeout)
    assert visitor.json() == {"articles": ["Engines"], "reader": None, "bio": None}
    assert requests.get(f"{url}/user", timeout=timeout).status_code == 401

    login = {"user": {"username": "ada", "password": "correct horse"}}
    user = requests.post(f"{url}/users/login", json=login, timeout=timeout).json()["user"]
    assert user["bio"] == "Numbers"
    headers = {"Authorization": f"Token {user['token']}"}
    shown = requests.get(f"{url}/user", headers=headers, timeout=timeout)
    assert shown.json() == {"user": "ada", "bio": "Numbers"}
    reader = requests.get(f"{url}/articles", headers=headers, timeout=timeout)
    assert reader.json() == {"articles": ["Engines"], "reader": "ada", "bio": "Numbers"}

    # Another scheme is not for this app, and a broken token is for nobody.
    headers = {"Authorization": f"Bearer {user['token']}"}
    assert requests.get(f"{url}/user", headers=headers, timeout=timeout).status_code == 401
    for path in ("/user", "/articles"):
        answer = requests.get(
            f"{url}{path}", headers={"Authorization": "Token a.b.c"}, timeout=timeout
        )
        assert answer.status_code in (401, 422)
