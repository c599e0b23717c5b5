"""The opening handshake of a server, valid and invalid: responses that a client must accept or refuse (section 4.1;
RFC 9112)."""

from case import Case
from opening import Response
from steps import Closed, Refused, answers, fails
from wire import CLIENT, binary, close, ping, text

HELLO = text("Hello")


def response(name, section, title, *steps, **traits):
    """A response to a client."""
    return Case(
        f"handshake/response/{name}",
        section,
        title,
        steps or (HELLO, answers(HELLO)),
        response=Response(**traits),
        peers=(CLIENT,),
    )


def good_responses():
    for name, change in {
        "upgrade-in-capitals": {"Upgrade": "WebSocket"},
        "connection-list": {"Connection": "keep-alive, Upgrade"},
        "connection-twice": {"Connection": ["keep-alive", "Upgrade"]},
        "more-headers": {
            "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
            "Server": "x",
            "Set-Cookie": ["a=b", "c=d"],
            "X-Empty": "",
        },
        "fifty-headers": {f"X-Header-{i}": str(i) for i in range(50)},
    }.items():
        yield response(f"good/{name}", "4.1", name.replace("-", " "), headers=change)
    for name, line in {
        "no-reason": "HTTP/1.1 101 ",
        "other-reason": "HTTP/1.1 101 Web Socket Protocol Handshake, at last",
    }.items():
        yield response(f"good/{name}", "RFC 9112, 4", f"the status line {line!r}", line=line)
    for name, change in {"lower": str.lower, "upper": str.upper}.items():
        yield response(f"good/{name}-case-names", "4.1", f"names of headers in {name} case", rename=change)
    for name, accept in {"accept-padded": "  {accept} \t"}.items():
        yield response(
            f"good/{name}", "4.1", "white space around Sec-WebSocket-Accept", headers={"Sec-WebSocket-Accept": accept}
        )
    for chop in (1, 7):
        yield response(f"good/by-{chop}", "4.1", f"{chop} bytes a write", chop=chop)
    yield response("good/frame-behind", "4.1", "a text behind it in the same write", answers(HELLO), behind=(HELLO,))
    yield response(
        "good/frames-behind",
        "4.1",
        "a ping and a close frame behind it in the same write",
        answers(ping(b"x")),
        Closed(1000),
        behind=(ping(b"x"), close(1000)),
    )
    yield response(
        "good/violation-behind",
        "4.1",
        "a frame with reserved bits behind it in the same write",
        fails(1002),
        behind=(text("x", rsv=7),),
    )
    big = binary(bytes(100_000))
    yield response(
        "good/large-frame-behind", "4.1", "100,000 bytes behind it in the same write", answers(big), behind=(big,)
    )


def bad_responses():
    refused = Refused(())
    for status, reason in [
        (200, "OK"),
        (204, "No Content"),
        (301, "Moved Permanently"),
        (302, "Found"),
        (304, "Not Modified"),
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (407, "Proxy Authentication Required"),
        (426, "Upgrade Required"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (503, "Service Unavailable"),
    ]:
        yield response(
            f"bad/status/{status}",
            "4.1",
            f"{status}, and else what a 101 has",
            refused,
            line=f"HTTP/1.1 {status} {reason}",
            headers={"Content-Length": "0"},
        )
    yield response(
        "bad/status/404-with-body",
        "4.1",
        "a plain 404 with a body",
        refused,
        line="HTTP/1.1 404 Not Found",
        headers={"Upgrade": None, "Sec-WebSocket-Accept": None, "Connection": "close", "Content-Length": "9"},
        body=b"not here\n",
    )
    for line in (
        "HTTP/1.0 101 Switching Protocols",
        "HTTP/1.1 101x Switching",
        "HTTP/1.1 1010 Switching",
        "HTTP/1.1 10",
        "101",
        "",
    ):
        yield response(
            f"bad/line/{line.replace(' ', '_').replace('/', '-') or 'empty'}",
            "RFC 9112, 4",
            f"the status line {line!r}",
            refused,
            line=line,
        )
    for name in ("Upgrade", "Connection", "Sec-WebSocket-Accept"):
        yield response(f"bad/no-{name}", "4.1", f"no header {name}", refused, headers={name: None})
        yield response(f"bad/empty-{name}", "4.1", f"an empty header {name}", refused, headers={name: ""})
    for name, change in {
        "upgrade-other": {"Upgrade": "h2c"},
        "upgrade-longer": {"Upgrade": "websockets"},
        "connection-other": {"Connection": "keep-alive"},
        "connection-longer": {"Connection": "Upgraded"},
        "accept-of-another-key": {"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
        "accept-in-other-case": {"Sec-WebSocket-Accept": "{accept-swapped}"},
        "accept-with-more": {"Sec-WebSocket-Accept": "{accept}x"},
        "accept-cut": {"Sec-WebSocket-Accept": "{accept-cut}"},
        "accept-is-the-key": {"Sec-WebSocket-Accept": "{key}"},
        "accept-twice": {"Sec-WebSocket-Accept": ["{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]},
        "subprotocol-not-offered": {"Sec-WebSocket-Protocol": "nobody-offered-this"},
        "extension-not-offered": {"Sec-WebSocket-Extensions": "x-nobody-offered-this"},
        "extension-malformed": {"Sec-WebSocket-Extensions": "; x=1"},
    }.items():
        yield response(f"bad/{name}", "4.1", name.replace("-", " "), refused, headers=change)
    for name, line in {
        "no-colon": b"X-Broken",
        "space-before-colon": b"X-Broken : x",
        "null-in-value": b"X-A: a\0b",
    }.items():
        yield response(f"bad/header/{name}", "RFC 9112, 5", f"the header line {line!r}", refused, extra=line)
    for name, raw in {
        "nothing": b"",
        "half": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConn",
        "garbage": b"\xff" * 100 + b"\r\n\r\n",
        "frames": b"\x81\x05Hello\r\n\r\n",
    }.items():
        yield response(f"bad/raw/{name}", "4.1", f"{name}, and the end of the stream", refused, raw=raw, ends=True)


def cases(options):
    return [*good_responses(), *bad_responses()]
