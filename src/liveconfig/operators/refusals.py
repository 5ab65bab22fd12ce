"""
Answers to what an application does not have, for people and for programs.

Owns: the body of every refusal, and that no method is unknown.
Must not know: the routes.
Runs in: every worker.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import falcon
import msgspec

from liveconfig.operators.page import filled

_TYPES = (falcon.MEDIA_JSON, falcon.MEDIA_HTML)
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "Here one can only look: GET and HEAD are taken.",
}
_INDEX = "GET / says what there is."

# For pages that show nothing but their own text.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class MethodsMiddleware:
    """Refuse methods that nobody has heard of as those that a route does not have."""

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: Any, params: Any
    ) -> None:
        """Answer 405 where Falcon would say that the request is bad."""
        if req.method not in falcon.COMBINED_METHODS:
            raise falcon.HTTPMethodNotAllowed(("GET", "HEAD", "OPTIONS"))


def add_refusals(app: falcon.App[Any, Any], *, has_index: bool) -> None:
    """
    Have every refusal of `app` say what is the matter.

    Args:
        app: the application.
        has_index: whether its root says what there is, so that refusals name it.
    """
    app.add_middleware(MethodsMiddleware())
    app.set_error_serializer(partial(_serialize, has_index))


def _serialize(
    has_index: bool, req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError
) -> None:
    sentence = error.description or _SENTENCES.get(error.status_code, "")
    # A root that is forbidden itself is no help.
    names_index = has_index and error.status_code == 404
    resp.append_header("Vary", "Accept")
    resp.set_headers(_HEADERS)
    if req.client_prefers(_TYPES) == falcon.MEDIA_HTML:
        resp.content_type = falcon.MEDIA_HTML
        root = _root(req) if names_index else None
        resp.data = filled(
            "refusal.html", status=str(error.status), sentence=sentence, root=root
        )
    else:
        words = [sentence, _INDEX] if names_index else [sentence]
        answer = {"title": error.status, "description": " ".join(words).strip()}
        resp.content_type = falcon.MEDIA_JSON
        resp.data = msgspec.json.encode(answer)


def _root(req: falcon.Request) -> str:
    """Return the way up to `/`, relative: a proxy may put something before the path."""
    return "../" * (req.path.count("/") - 1) or "./"
