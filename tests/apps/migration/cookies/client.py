"""The script that uses it; it was written for the old app."""

import requests


def run(url: str, timeout: float = 30) -> None:
    """Log in, work, refresh and log out."""
    session = requests.Session()
    wrong = session.post(f"{url}/login", json={"name": "ada", "password": "x"}, timeout=timeout)
    assert (wrong.status_code, wrong.json()["msg"]) == (401, "Wrong name or password")
    assert session.get(f"{url}/notes", timeout=timeout).status_code == 401
    login = {"name": "ada", "password": "correct horse"}
    session.post(f"{url}/login", json=login, timeout=timeout).raise_for_status()
    first = session.cookies["access_token_cookie"]

    # Double submit: the readable cookie goes back in a header.
    note = {"text": "Ring the bell"}
    refused = session.post(f"{url}/notes", json=note, timeout=timeout)
    assert refused.status_code in (401, 403)
    headers = {"X-CSRF-TOKEN": session.cookies["csrf_access_token"]}
    added = session.post(f"{url}/notes", json=note, headers=headers, timeout=timeout)
    assert added.status_code == 201

    headers = {"X-CSRF-TOKEN": session.cookies["csrf_refresh_token"]}
    session.post(f"{url}/refresh", headers=headers, timeout=timeout).raise_for_status()
    assert session.cookies["access_token_cookie"] != first
    found = session.get(f"{url}/notes", timeout=timeout)
    assert found.json() == {"notes": ["Ring the bell"]}

    headers = {"X-CSRF-TOKEN": session.cookies["csrf_access_token"]}
    session.post(f"{url}/logout", headers=headers, timeout=timeout).raise_for_status()
    assert "access_token_cookie" not in session.cookies
    assert session.get(f"{url}/notes", timeout=timeout).status_code == 401
