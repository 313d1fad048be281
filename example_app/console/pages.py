"""What all pages share: their blueprint, their headers, and the page of a refusal."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from flask_tokenguard import Refusal

from ..auth import guard
from ..incoming import wants_page
from ..tour.exchange import Answer
from .words import device, distance, in_words, seconds_left

blueprint = Blueprint(
    "console",
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/console/static",
)
for words in (device, distance, in_words, seconds_left):
    blueprint.add_app_template_filter(words)

# Styles and scripts come from files alone, so that nothing in a page's text can be one.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)


@blueprint.after_app_request
def protect_page(response: Response) -> Response:
    """Let a page load nothing from elsewhere, be framed by no other, and be stored nowhere."""
    response.vary.add("Accept")
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "private, no-store"
        response.vary.add("Cookie")
    return response


@guard.error_response
def refusal_page(error: Refusal) -> ResponseReturnValue:
    """Show a person a page in place of JSON, with the same status and challenge."""
    ours: Response = error.get_response()
    if not wants_page():
        return ours
    answer = Answer(ours.status, ours.headers, ours.get_data(as_text=True))
    return error_page(error, answer=answer, reason=error.reason)


def error_page(
    error: HTTPException, *, answer: Answer | None = None, reason: str = ""
) -> tuple[str, int]:
    """Show a person what went wrong, and of a refusal what a program would get."""
    page = render_template("console/refused.html", error=error, answer=answer, reason=reason)
    return page, error.code or 500
