"""The negotiation of permessage-deflate (RFC 7692, section 7.1), and messages with each agreement."""

import itertools

from case import Case
from opening import Request, Response
from payloads import bytes_of, text_of
from steps import AgreedOn, Refused, SendDeflated, answers
from wire import CLIENT, SERVER, binary, text

PLAIN = "permessage-deflate"
SIZES = [16, 64, 256, 1024, 4096, 16384, 65536, 131072]
BITS = [str(bits) for bits in range(8, 16)]
HELLO = text("Hello")


def offer(name, header, steps, section="7.1", **traits):
    """A case for a server that gets this offer."""
    request = Request(headers={"Sec-WebSocket-Extensions": header})
    name, section = f"agreement/offer/{name}", f"RFC 7692, {section}"
    return Case(
        name,
        section,
        f"offers {request.joined('Sec-WebSocket-Extensions')}",
        steps,
        request=request,
        peers=(SERVER,),
        **traits,
    )


def answer(name, header, steps, section="7.1", **traits):
    """A case for a client that gets this answer."""
    response = Response(headers={"Sec-WebSocket-Extensions": header})
    name, section = f"agreement/answer/{name}", f"RFC 7692, {section}"
    return Case(name, section, f"answers {header}", steps, response=response, peers=(CLIENT,), deflate=True, **traits)


def messages():
    """Messages of every size, and small ones again, which can then refer to earlier ones."""
    for size in SIZES + SIZES[:5]:
        for frame in (text(text_of(size)), binary(bytes_of(size))):
            yield from (SendDeflated(frame), answers(frame))


def parameters():
    """Every combination of the parameters."""
    for no_takeover in ([], ["server"], ["client"], ["server", "client"]):
        for server_bits, client_bits in itertools.product([None, *BITS], [None, "", *BITS]):
            words = [PLAIN, *(f"{role}_no_context_takeover" for role in no_takeover)]
            names = [f"{role}-forgets" for role in no_takeover]
            if server_bits:
                words.append(f"server_max_window_bits={server_bits}")
                names.append(f"server-{server_bits}")
            if client_bits is not None:
                words.append(f"client_max_window_bits={client_bits}".rstrip("="))
                names.append(f"client-{client_bits or 'any'}")
            name, header = "-".join(names) or "nothing", "; ".join(words)
            yield offer(name, header, messages, deflate=True)
            # In an answer it has a value.
            if client_bits != "":
                yield answer(name, header, messages)


BAD = {
    "unknown": "permessage-deflate; x",
    "unknown-with-value": "permessage-deflate; max_window_bits=10",
    "flag-with-value": "permessage-deflate; server_no_context_takeover=1",
    "other-flag-with-value": "permessage-deflate; client_no_context_takeover=true",
    "flag-twice": "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "window-twice": "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    "client-window-twice": "permessage-deflate; client_max_window_bits=10; client_max_window_bits=11",
    "server-window-without-value": "permessage-deflate; server_max_window_bits",
    **{
        f"{role}-{name}-{value}": f"permessage-deflate; {role}_max_window_bits={value}"
        for role in (SERVER, CLIENT)
        for name, values in {
            "window": ("0", "7", "16", "-8", "x", "4294967304", "18446744073709551624"),
            "window-is-some-number": ("08", "010", "15.0", "+8", "1e1"),
        }.items()
        for value in values
    },
}


def offers():
    declined = (AgreedOn(None), HELLO, answers(HELLO))
    for name, header in BAD.items():
        yield offer(f"bad/{name}", header, declined)
        yield offer(
            f"bad/{name}/then-good", f"{header}, permessage-deflate; server_max_window_bits=11", (AgreedOn(11),)
        )
    for name, header in {
        "first-wins": "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        "after-unknown": "x-other; y=z, permessage-deflate; server_max_window_bits=10",
        "before-unknown": "permessage-deflate; server_max_window_bits=10, x-other",
        "quoted": 'permessage-deflate; server_max_window_bits="10"',
        "tight": "permessage-deflate;server_max_window_bits=10",
        "spacious": " permessage-deflate \t ; \t server_max_window_bits=10 \t , \t x-other ",
        "empty-elements": ", permessage-deflate; server_max_window_bits=10, ,",
        "two-headers": ["x-other", "permessage-deflate; server_max_window_bits=10"],
    }.items():
        yield offer(f"good/{name}", header, (AgreedOn(10), SendDeflated(HELLO), answers(HELLO)))


def answers_of_servers():
    for name, header in BAD.items():
        yield answer(f"bad/{name}", header, (Refused(),))
    for name, header in {
        "client-window-without-value": "permessage-deflate; client_max_window_bits",
        "twice": "permessage-deflate, permessage-deflate",
        "with-another": "permessage-deflate, x-webkit-deflate-frame",
        "other": "x-webkit-deflate-frame",
    }.items():
        yield answer(f"bad/{name}", header, (Refused(),))


def cases(options):
    return [*parameters(), *offers(), *answers_of_servers()]
