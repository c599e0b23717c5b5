"""The opening handshake of a client, valid and invalid: requests that a server must accept or refuse (sections 4.2,
4.4 and 9.1; RFC 9112)."""

import base64

from case import Case
from opening import Request
from steps import INFORMATIONAL, NON_STRICT, WRONG, Closed, Refused, answers, fails
from wire import SERVER, close, ping, text

HELLO = text("Hello")


def request(name, section, title, *steps, otherwise=WRONG, **traits):
    """A request to a server."""
    return Case(
        f"handshake/request/{name}",
        section,
        title,
        steps or (HELLO, answers(HELLO)),
        request=Request(**traits),
        peers=(SERVER,),
        otherwise=otherwise,
    )


def good_requests():
    for name, change in {
        "upgrade-in-capitals": {"Upgrade": "WebSocket"},
        "connection-list": {"Connection": "keep-alive, Upgrade"},
        "connection-list-tight": {"Connection": "keep-alive,upgrade,te"},
        "connection-twice": {"Connection": ["keep-alive", "Upgrade"]},
        "upgrade-list": {"Upgrade": "foo/1.2, websocket"},
        "more-headers": {"Cookie": "a=b; c=d", "User-Agent": "x", "X-Empty": "", "Pragma": "no-cache"},
        "white-space": {"Upgrade": " \t websocket \t ", "Sec-WebSocket-Version": "  13  "},
        "subprotocols-offered": {"Sec-WebSocket-Protocol": "chat.example, superchat.example"},
        "subprotocols-offered-in-two-headers": {"Sec-WebSocket-Protocol": ["chat.example", "superchat.example"]},
        "unknown-extension": {"Sec-WebSocket-Extensions": "x-nobody-knows-this"},
        "unknown-extensions": {"Sec-WebSocket-Extensions": 'x-a; p; q=1; r="2", x-b, x-a'},
        "fifty-headers": {f"X-Header-{i}": str(i) for i in range(50)},
    }.items():
        yield request(f"good/{name}", "4.2.1", name.replace("-", " "), headers=change)
    yield request("good/path", "4.2.1", "a path and a query", line="GET /a/b%20c?d=e&f HTTP/1.1")
    yield request("good/absolute-target", "RFC 9112, 3.2.2", "an absolute target", line="GET http://{host}/ HTTP/1.1")
    for name, change in {"lower": str.lower, "upper": str.upper}.items():
        yield request(f"good/{name}-case-names", "4.2.1", f"names of headers in {name} case", rename=change)
    for chop in (1, 7):
        yield request(f"good/by-{chop}", "4.2.1", f"{chop} bytes a write", chop=chop)
    yield request("good/frame-behind", "4.2.1", "a text behind it in the same write", answers(HELLO), behind=(HELLO,))
    yield request(
        "good/frames-behind",
        "4.2.1",
        "a ping and a close frame behind it in the same write",
        answers(ping(b"x")),
        Closed(1000),
        behind=(ping(b"x"), close(1000)),
    )
    yield request(
        "good/violation-behind",
        "4.2.1",
        "a frame with reserved bits behind it in the same write",
        fails(1002),
        behind=(text("x", rsv=7),),
    )
    yield request(
        "good/line-before",
        "RFC 9112, 2.2",
        "an empty line before it",
        before=b"\r\n",
        otherwise=(NON_STRICT, "a server SHOULD ignore it (RFC 9112, section 2.2)"),
    )


def bad_requests():
    for name, line, status, section in [
        ("post", "POST {target} HTTP/1.1", (405, 400), "4.1"),
        ("head", "HEAD {target} HTTP/1.1", (405, 400), "4.1"),
        ("lower-case-method", "get {target} HTTP/1.1", (405, 400, 501), "4.1"),
        ("http-1.0", "GET {target} HTTP/1.0", (505, 426, 400), "4.2.1"),
        ("http-0.9", "GET {target}", (400, 505), "4.2.1"),
        ("http-9.9", "GET {target} HTTP/9.9", (505, 400), "4.2.1"),
        ("no-http", "GET {target} FTP/1.1", (400,), "4.2.1"),
        ("empty-line", "", (400,), "4.2.1"),
    ]:
        yield request(f"bad/line/{name}", section, f"the request line {line!r}", Refused(status), line=line)
    for name, line in {"fragment-in-target": "GET /#x HTTP/1.1", "space-in-target": "GET /a b HTTP/1.1"}.items():
        yield request(
            f"bad/line/{name}",
            "RFC 9112, 3",
            f"the request line {line!r}",
            Refused((400,)),
            line=line,
            otherwise=(NON_STRICT, "a server SHOULD refuse it (RFC 9112, section 3)"),
        )
    for name, status, section in [
        ("Host", (400,), "RFC 9112, 3.2"),
        ("Upgrade", (426, 400), "4.2.1"),
        ("Connection", (426, 400), "4.2.1"),
        ("Sec-WebSocket-Key", (400,), "4.2.1"),
        ("Sec-WebSocket-Version", (400, 426), "4.2.1"),
    ]:
        yield request(f"bad/no-{name}", section, f"no header {name}", Refused(status), headers={name: None})
    key = base64.b64encode(bytes(16)).decode()
    for name, values, section in [
        ("Host", ["a.example", "b.example"], "RFC 9112, 3.2"),
        ("Sec-WebSocket-Key", [key, key], "11.3.1"),
        ("Sec-WebSocket-Version", ["13", "13"], "11.3.5"),
    ]:
        yield request(f"bad/twice-{name}", section, f"the header {name} twice", Refused((400,)), headers={name: values})
    for name, value in {
        "empty": "",
        "15-bytes": base64.b64encode(bytes(15)).decode(),
        "17-bytes": base64.b64encode(bytes(17)).decode(),
        "no-base64": "this is not base64 at al",
        "no-padding": "AAAAAAAAAAAAAAAAAAAAAA",
        "space-inside": "AAAAAAAAAAA AAAAAAAAAA==",
    }.items():
        yield request(
            f"bad/key/{name}",
            "4.2.1",
            f"Sec-WebSocket-Key: {value}",
            Refused((400,)),
            headers={"Sec-WebSocket-Key": value},
        )
    draft = (INFORMATIONAL, "the version of a draft, which a server may speak as well (section 4.4)")
    for version in ("0", "7", "8", "12", "14", "25", "113", "130", "013", "13.0", "+13", "x"):
        yield request(
            f"bad/version/{version}",
            "4.2.2",
            f"Sec-WebSocket-Version: {version}",
            Refused((426, 400), names_version=True),
            headers={"Sec-WebSocket-Version": version},
            otherwise=draft if version in ("0", "7", "8", "12") else WRONG,
        )
    for name, change in {
        "upgrade-other": {"Upgrade": "h2c"},
        "upgrade-longer": {"Upgrade": "websockets"},
        "connection-other": {"Connection": "keep-alive"},
        "connection-longer": {"Connection": "Upgraded"},
    }.items():
        yield request(f"bad/{name}", "4.2.1", name.replace("-", " "), Refused((426, 400)), headers=change)
    for name, line in {
        "no-colon": b"X-Broken",
        "space-before-colon": b"X-Broken : x",
        "empty-name": b": x",
        "name-no-token": b"X Broken: x",
        "folded": b"X-A: a\r\n b",
        "null-in-value": b"X-A: a\0b",
        "cr-in-value": b"X-A: a\rb",
    }.items():
        yield request(f"bad/header/{name}", "RFC 9112, 5", f"the header line {line!r}", Refused((400,)), extra=line)
    for name, value in {
        "empty-parameter": "permessage-deflate; ;",
        "no-name": "; x=1",
        "no-value": "x-a; b=",
        "open-quote": 'x-a; b="c',
        "value-no-token": "x-a; b=(c)",
        "quoted-no-token": 'x-a; b="c d"',
        "semicolon-first": ";",
    }.items():
        yield request(
            f"bad/extensions/{name}",
            "9.1",
            f"Sec-WebSocket-Extensions: {value}",
            Refused((400,)),
            headers={"Sec-WebSocket-Extensions": value},
        )
    for name, raw in {
        "tls": bytes.fromhex("16030100a5010000a10303") + b"\r\n\r\n",
        "frames": b"\x81\x85\0\0\0\0Hello\r\n\r\n",
        "nulls": bytes(100) + b"\r\n\r\n",
        "blank": b"   \r\n\r\n",
    }.items():
        yield request(f"bad/raw/{name}", "4.2.1", f"{name} instead of a request", Refused((400,)), raw=raw)
    open_ended = "how long a head may be is up to the server"
    yield request(
        "bad/head-too-long",
        "RFC 6585, 5",
        "a header of 256 KiB",
        Refused((431, 400)),
        headers={"X-Long": "x" * (256 << 10)},
        otherwise=(INFORMATIONAL, open_ended),
    )
    yield request(
        "bad/too-many-headers",
        "RFC 6585, 5",
        "10,000 headers",
        Refused((431, 400)),
        headers={f"X-{i}": "x" for i in range(10_000)},
        otherwise=(INFORMATIONAL, open_ended),
    )
    yield request(
        "other-origin",
        "10.2",
        "a page of another origin",
        Refused((403,)),
        headers={"Origin": "https://evil.example"},
        otherwise=(INFORMATIONAL, "whom to serve is up to the server"),
    )
    for name, value in {"no-token": "a b", "twice": "a, a", "empty": ""}.items():
        yield request(
            f"odd/subprotocol-{name}",
            "4.1",
            f"Sec-WebSocket-Protocol: {value}",
            Refused((400,)),
            headers={"Sec-WebSocket-Protocol": value},
            otherwise=(INFORMATIONAL, "section 4.1 forbids it, and 4.2 asks no server to check it"),
        )


def cases(options):
    return [*good_requests(), *bad_requests()]
