"""
What a client has already, and is not sent again.

Owns: the tag of an answer, and the answer to a client that knows it.
Must not know: what a tag is made of, what the answer says.
Runs in: every worker.
"""

from __future__ import annotations

import falcon


def answer_unchanged(
    req: falcon.Request, resp: falcon.Response, tag: str, *, is_weak: bool = False
) -> bool:
    """Set the tag of an answer, and return True if it is 304, which is all of it."""
    etag = falcon.ETag(tag)
    etag.is_weak = is_weak
    resp.etag = etag.dumps()
    if not any(known in ("*", tag) for known in req.if_none_match or ()):
        return False
    resp.status = falcon.HTTP_304
    return True
