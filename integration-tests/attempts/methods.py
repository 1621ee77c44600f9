"""Methods: a body where none belongs, none where one belongs, and other verbs."""

from attempts import CHAT, JSON, MESSAGES, SECRET, Attempt, Refused, Rejected, Untouched, members

BAD = members(SECRET, MESSAGES)
METHOD = Refused("unexpectedBody")

ATTEMPTS = [
    Attempt("method-get-with-a-body", Refused("unexpectedBody"), BAD, method="GET"),
    Attempt("method-get-without-a-body", Untouched(), None, (), method="GET"),
    Attempt("method-get-one-completion", Untouched(), None, (), path=CHAT + "/cmpl_1", method="GET"),
    Attempt("method-head-with-a-body", Refused("unexpectedBody"), BAD, method="HEAD"),
    Attempt("method-delete-with-a-body", Refused("unexpectedBody"), BAD, method="DELETE"),
    Attempt("method-options-with-a-body", Refused("unexpectedBody"), BAD, method="OPTIONS"),
    Attempt("method-put", METHOD, BAD, method="PUT"),
    Attempt("method-patch", METHOD, BAD, method="PATCH"),
    Attempt("method-query", METHOD, BAD, method="QUERY", in_http1=Rejected()),
    Attempt("method-unheard-of", METHOD, BAD, method="FETCH", in_http1=Rejected()),
    Attempt("method-post-in-lower-case", METHOD, BAD, method="post", in_http1=Rejected()),
    Attempt("method-post-without-a-body", Refused("noBody"), None, (JSON,)),
    Attempt("method-post-with-an-empty-body", Refused("noBody"), b"", (JSON,)),
    Attempt("method-post-with-an-empty-chunked-body", Refused("noBody"), (), (JSON,)),
]
