"""The front end that uses it; it was written for the old app."""

import requests


def run(url: str, timeout: float = 30) -> None:
    """Log in, change the password, refresh, log out."""
    answer = requests.post(f"{url}/login", json={"name": "ada"}, timeout=timeout)
    fresh, refresh = (_bearer(answer.json()[kind]) for kind in ("access_token", "refresh_token"))
    shown = requests.get(f"{url}/account", headers=fresh, timeout=timeout)
    assert shown.json() == {"name": "ada", "role": "editor"}
    changed = requests.post(f"{url}/password", headers=fresh, timeout=timeout)
    assert changed.json() == {"msg": "Changed"}

    answer = requests.post(f"{url}/refresh", headers=refresh, timeout=timeout)
    access = _bearer(answer.json()["access_token"])
    shown = requests.get(f"{url}/account", headers=access, timeout=timeout)
    assert shown.json() == {"name": "ada", "role": "editor"}

    answer = requests.delete(f"{url}/logout", headers=access, timeout=timeout)
    assert answer.status_code == 200
    assert requests.get(f"{url}/account", headers=access, timeout=timeout).status_code == 401


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
