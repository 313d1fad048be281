"""The front end that uses it; it was written for the old app."""

import requests


def run(url: str, timeout: float = 30) -> None:
    """Log in, look, refresh by the header and log out."""
    login = {"name": "ada", "password": "correct horse"}
    pair = requests.post(f"{url}/login", json=login, timeout=timeout).json()
    access, refresh = _bearer(pair["access_token"]), _bearer(pair["refresh_token"])
    found = requests.get(f"{url}/items", headers=access, timeout=timeout)
    assert found.json() == {"owner": "ada", "items": ["chair"]}

    # The refresh token goes in the header, and stays what it is.
    for _ in range(2):
        answer = requests.post(f"{url}/refresh", headers=refresh, timeout=timeout)
        assert answer.status_code == 200
        newer = _bearer(answer.json()["access_token"])
        assert requests.get(f"{url}/items", headers=newer, timeout=timeout).status_code == 200
    wrong = requests.post(f"{url}/refresh", headers=access, timeout=timeout)
    assert wrong.status_code == 422
    assert wrong.json()["msg"]

    answer = requests.delete(f"{url}/logout", headers=access, timeout=timeout)
    assert answer.json() == {"msg": "Logged out"}
    for headers in (access, {}):
        refused = requests.get(f"{url}/items", headers=headers, timeout=timeout)
        assert (refused.status_code, list(refused.json())) == (401, ["msg"])
    broken = requests.get(f"{url}/items", headers=_bearer("a.b.c"), timeout=timeout)
    assert (broken.status_code, list(broken.json())) == (422, ["msg"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
