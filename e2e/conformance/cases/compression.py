"""Messages compressed in every way, valid and invalid (RFC 7692, sections 6 and 7.2)."""

import zlib

from case import Case, fragments
from opening import Request, Response
from payloads import bytes_of, pieces, text_of
from steps import INFORMATIONAL, WRONG, NeedsTakeover, Send, SendDeflated, answers, answers_before_end, fails
from wire import CLOSE, CONTINUATION, PING, PONG, RSV1, RSV2, RSV3, TEXT, Frame
from wire import OPCODE_NAMES, binary, more, pong, text

HELLO = text("Hello")
HELLO_DEFLATED = bytes.fromhex("f248cdc9c90700")
STORY = text(text_of(3000))
FAILS_CORRUPT = fails(1007, 1002)  # both codes are right
NO_END = (
    INFORMATIONAL,
    "whether the data end where the message does, nobody is told to look (RFC 7692, section 7.2.2)",
)


def case(name, section, title, *steps, lazy=None, **traits):
    """A case for a server that is offered plain permessage-deflate, and for a client that is answered with it."""
    opening = {"headers": {"Sec-WebSocket-Extensions": "permessage-deflate"}}
    return Case(
        f"compression/{name}",
        f"RFC 7692, {section}",
        title,
        lazy or steps,
        request=Request(**opening),
        response=Response(**opening),
        deflate=True,
        **traits,
    )


def raw(opcode, data, **traits):
    """A frame whose payload is already compressed."""
    return Frame(opcode, data, rsv=RSV1, **traits)


def there_and_back(*frames, **how):
    return [step for frame in frames for step in (SendDeflated(frame, **how), answers(frame))]


def examples():
    """The bytes of section 7.2.3."""
    for name, section, data in [
        ("one-block", "7.2.3.1", HELLO_DEFLATED),
        ("no-compression", "7.2.3.3", bytes.fromhex("000500faff48656c6c6f00")),
        ("final-block", "7.2.3.4", bytes.fromhex("f348cdc9c9070000")),
        ("two-blocks", "7.2.3.5", bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", ""))),
    ]:
        yield case(f"example/{name}", section, f"Hello: {name.replace('-', ' ')}", raw(TEXT, data), answers(HELLO))
        yield case(
            f"example/{name}/twice",
            section,
            f"Hello twice: {name.replace('-', ' ')}",
            raw(TEXT, data),
            answers(HELLO),
            raw(TEXT, data),
            answers(HELLO),
        )
        yield case(
            f"example/{name}/fragments",
            section,
            f"Hello, a byte a fragment: {name.replace('-', ' ')}",
            Send(
                tuple(
                    Frame(f.opcode, f.payload, f.fin, RSV1 * (i == 0))
                    for i, f in enumerate(fragments(TEXT, pieces(data, 1)))
                )
            ),
            answers(HELLO),
        )
    yield case(
        "example/window-shared",
        "7.2.3.2",
        "Hello, and Hello again by reference",
        NeedsTakeover(),
        raw(TEXT, HELLO_DEFLATED),
        answers(HELLO),
        raw(TEXT, bytes.fromhex("f200110000")),
        answers(HELLO),
    )
    yield case("empty", "7.2.3.6", "an empty message, of the byte 00", raw(TEXT, b"\0"), answers(text()))


def legal():
    for level in range(10):
        yield case(
            f"level/{level}", "7.2.1", f"level {level} of zlib", *there_and_back(STORY, STORY, how={"level": level})
        )
    for name in ("Z_FILTERED", "Z_HUFFMAN_ONLY", "Z_RLE", "Z_FIXED"):
        how = {"strategy": getattr(zlib, name)}
        yield case(f"strategy/{name}", "7.2.1", f"{name} of zlib", *there_and_back(STORY, STORY, how=how))
    for blocks in (2, 3, 10, 100):
        yield case(
            f"blocks/{blocks}",
            "7.2.1",
            f"a message flushed {blocks} times",
            *there_and_back(STORY, STORY, how={"blocks": blocks}),
        )
    yield case(
        "final/then-usual",
        "7.2.3.4",
        "messages with a last block, and others behind them",
        *there_and_back(STORY, how={"final": True}),
        *there_and_back(STORY, STORY),
        *there_and_back(HELLO, text(), how={"final": True}),
        *there_and_back(HELLO, STORY),
    )
    for count in (2, 3, 10, 1000):
        yield case(
            f"fragments/{count}", "6.1", f"a message in {count} fragments", *there_and_back(STORY, fragments=count)
        )
        yield case(
            f"fragments/{count}/pings",
            "6.1",
            f"a message in {count} fragments, pongs between",
            *there_and_back(STORY, STORY, fragments=count, between=(pong(b"x"),)),
        )
    for chop in (1, 2, 7):
        yield case(f"by-{chop}", "6.2", f"{chop} bytes a write", *there_and_back(STORY, STORY, chop=chop))
    empty_ends = (raw(TEXT, b"", fin=False), more(HELLO_DEFLATED, fin=False), more())
    yield case(
        "fragments/empty-ends", "6.1", "the first and the last fragment are empty", Send(empty_ends), answers(HELLO)
    )
    yield case(
        "not-compressed",
        "6",
        "messages that are not compressed, between others that are",
        *there_and_back(STORY),
        HELLO,
        answers(HELLO),
        *there_and_back(STORY),
        STORY,
        answers(STORY),
        *there_and_back(HELLO),
    )
    yield case(
        "not-compressed/fragments",
        "6",
        "the same in fragments",
        *there_and_back(STORY, fragments=3),
        Send(fragments(TEXT, [b"Hel", b"lo"])),
        answers(HELLO),
        *there_and_back(STORY),
    )
    yield case(
        "characters-cut",
        "7.2.2",
        "a text whose blocks and fragments end inside characters",
        *there_and_back(text("🧵" * 100), how={"blocks": 33}, fragments=50),
    )
    for count, size in ((1000, 0), (1000, 100), (100, 10_000)):
        yield case(
            f"in-a-row/{count}-of-{size}",
            "7.2",
            f"{count} texts of {size} bytes and up at once",
            lazy=lambda count=count, size=size: [
                *(SendDeflated(text(text_of(size + i))) for i in range(count)),
                answers(*(text(text_of(size + i)) for i in range(count))),
            ],
        )
    for kind, name in ((text_of, "text"), (bytes_of, "binary")):
        frame = {"text": text, "binary": binary}[name]
        yield case(
            f"large/{name}",
            "7.2",
            f"{name} of 4 MiB in fragments",
            lazy=lambda kind=kind, frame=frame: there_and_back(frame(kind(4 << 20)), fragments=64),
            long=True,
        )


def illegal():
    for opcode in (PING, PONG, CLOSE):
        name = OPCODE_NAMES[opcode]
        yield case(f"rsv1/{name}", "6", f"a {name} with RSV1", Frame(opcode, rsv=RSV1), fails(1002))
    yield case(
        "rsv1/continuation",
        "6.1",
        "RSV1 on the second fragment",
        Send((raw(TEXT, HELLO_DEFLATED[:3], fin=False), raw(CONTINUATION, HELLO_DEFLATED[3:]))),
        fails(1002),
    )
    yield case(
        "rsv1/continuation-only",
        "6.1",
        "RSV1 on the second fragment only",
        Send((text("Hel", fin=False), raw(CONTINUATION, HELLO_DEFLATED[3:]))),
        fails(1002),
    )
    for rsv in (RSV2, RSV3, RSV1 | RSV2, RSV1 | RSV3):
        yield case(
            f"rsv/{rsv:03b}", "6", f"the reserved bits {rsv:03b}", Frame(TEXT, HELLO_DEFLATED, rsv=rsv), fails(1002)
        )
    for name, data in {
        "garbage": b"\xff" * 20,
        "reserved-block": b"\x06",
        "stored-length": bytes.fromhex("000500000048656c6c6f00"),
        "before-the-start": bytes.fromhex("f200110000"),
        "cut": HELLO_DEFLATED[:-2],
        "behind-the-final-block": bytes.fromhex("f348cdc9c90700ff"),
    }.items():
        title = f"data that cannot be inflated: {name.replace('-', ' ')}"
        otherwise = NO_END if name in ("cut", "behind-the-final-block") else WRONG
        for suffix, steps in {
            "alone": (raw(TEXT, data),),
            "behind-a-message": (Send((HELLO, raw(TEXT, data))), answers_before_end(HELLO)),
            "fragments": (Send((raw(TEXT, data[:1], fin=False), more(data[1:]))),),
        }.items():
            yield case(f"corrupt/{name}/{suffix}", "7.2.2", title, *steps, FAILS_CORRUPT, otherwise=otherwise)
    yield case(
        "corrupt/nothing",
        "7.2.1",
        "RSV1 and no data",
        raw(TEXT, b""),
        FAILS_CORRUPT,
        otherwise=(
            INFORMATIONAL,
            "one byte is the least that a message becomes, and nobody is told to look (section 7.2.1)",
        ),
    )
    for name, bad in {"ff": b"good \xff", "cut": b"cut \xc3", "surrogate": b"\xed\xa0\x80"}.items():
        yield case(
            f"not-utf8/{name}",
            "7.2.2",
            f"a compressed text that is not UTF-8: {name}",
            SendDeflated(text(bad)),
            fails(1007),
        )
        yield case(
            f"not-utf8/{name}/fragments",
            "7.2.2",
            "the same in fragments",
            SendDeflated(text(bad), fragments=4),
            fails(1007),
        )


def limits(options):
    limit = options.max_message_bytes
    if not limit:
        return
    for name, size in {"largest": 0, "over": 1, "far-over": 7 * limit}.items():
        for parts in (1, 10):
            yield case(
                f"limit/{name}/{parts}",
                "8",
                f"{limit + size} zeros, inflated, in {parts} fragments",
                lazy=lambda size=size, parts=parts: [
                    SendDeflated(binary(bytes(limit + size)), fragments=parts),
                    fails(1009) if size else answers(binary(bytes(limit))),
                ],
                long=True,
            )


def cases(options):
    return [*examples(), *legal(), *illegal(), *limits(options)]
