"""Text must be UTF-8 as a whole, not in each frame (sections 5.6 and 8.1; RFC 3629)."""

from case import Case, fragments, sent_in_fragments
from payloads import pieces
from steps import FailsFast, Send, SendStart, answers, answers_before_end, fails
from wire import BINARY, TEXT, binary, more, ping, text

SAMPLE = "Schuß, 織物, 🧵 κόσμε".encode()

# The code points around every border: between encodings of one, two, three and four bytes, of surrogates and of the
# whole range, and some that are not characters, which is not a reason to refuse them.
CODE_POINTS = [
    0,
    1,
    0x7F,
    0x80,
    0x7FF,
    0x800,
    0xFFF,
    0x1000,
    0xD7FF,
    0xE000,
    0xFDD0,
    0xFEFF,
    0xFFFD,
    0xFFFE,
    0xFFFF,
] + [0x10000, 0x1FFFE, 0x1FFFF, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000, 0x10FFFF]

INVALID = {
    "byte-80": b"\x80",
    "byte-bf": b"\xbf",
    "byte-c0": b"\xc0",
    "byte-f5": b"\xf5",
    "byte-fe": b"\xfe",
    "byte-ff": b"\xff",
    "overlong-slash-2": b"\xc0\xaf",
    "overlong-slash-3": b"\xe0\x80\xaf",
    "overlong-slash-4": b"\xf0\x80\x80\xaf",
    "overlong-null": b"\xc0\x80",
    "overlong-7ff": b"\xe0\x9f\xbf",
    "overlong-ffff": b"\xf0\x8f\xbf\xbf",
    "surrogate-high": b"\xed\xa0\x80",
    "surrogate-low": b"\xed\xb0\x80",
    "surrogate-last": b"\xed\xbf\xbf",
    "surrogate-pair": b"\xed\xa0\xbd\xed\xb7\xb5",
    "over-10ffff": b"\xf4\x90\x80\x80",
    "five-bytes": b"\xf8\x88\x80\x80\x80",
    "six-bytes": b"\xfc\x84\x80\x80\x80\x80",
    "latin-1": "Straße".encode("latin-1"),
    "third-byte-ascii": b"\xe7\xb9x",
    "third-byte-lead": b"\xe7\xb9\xe7",
    "fourth-byte-ascii": b"\xf0\x9f\xa7x",
    "fourth-byte-lead": b"\xf0\x9f\xa7\xf0",
    "one-too-many": b"\xc3\x9f\x9f",
}


def first_bad(data):
    """The number of bytes after which the text cannot become UTF-8; 0: it is UTF-8, or could be the start of it."""
    for size in range(1, len(data) + 1):
        try:
            data[:size].decode()
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                return size
    return 0


def is_utf8(data):
    return data.decode(errors="ignore").encode() == data


def valid():
    for point in CODE_POINTS:
        char = chr(point).encode()
        for name, payload in {"alone": char, "thrice": char * 3, "in-text": b"<" + char + b">"}.items():
            frame = text(payload)
            yield Case(f"utf8/valid/{point:04x}/{name}", "8.1", f"U+{point:04X} {name}", (frame, answers(frame)))
        if len(char) == 1:
            continue
        yield Case(
            f"utf8/valid/{point:04x}/fragments",
            "5.6",
            f"U+{point:04X}, a byte a fragment",
            sent_in_fragments(TEXT, pieces(char, 1)),
        )
        yield Case(
            f"utf8/valid/{point:04x}/by-1",
            "8.1",
            f"U+{point:04X}, a byte a write",
            (Send((text(char),), 1), answers(text(char))),
        )
    for cut in range(len(SAMPLE) + 1):
        yield Case(
            f"utf8/valid/cut-at-{cut}",
            "5.6",
            f"a text whose first fragment ends behind byte {cut}",
            sent_in_fragments(TEXT, [SAMPLE[:cut], SAMPLE[cut:]]),
        )
    for part in (1, 2, 3):
        yield Case(
            f"utf8/valid/fragments-of-{part}",
            "5.6",
            f"a text in fragments of {part} bytes",
            sent_in_fragments(TEXT, pieces(SAMPLE, part)),
        )
    parts = [b"\xc3", b"\xff"]
    yield Case(
        "utf8/valid/binary",
        "5.6",
        "binary that is not UTF-8, whole and in fragments",
        (binary(parts[0]), answers(binary(parts[0])), *sent_in_fragments(BINARY, parts)),
    )


def sequences():
    """Every first byte of a multi-byte character, with second bytes at every border; and every other byte from 80 on.
    """
    for lead in range(0x80, 0x100):
        length = 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2
        begins = 0xC2 <= lead <= 0xF4
        for second in (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF) if begins else (0x80,):
            data = bytes([lead, second]) + b"\xbf" * (length - 2)
            frame = text(data)
            yield Case(
                f"utf8/sequence/{data.hex()}",
                "8.1",
                f"the bytes {data.hex(' ')}",
                (frame, answers(frame) if is_utf8(data) else fails(1007)),
            )


def invalid():
    for name, bad in INVALID.items():
        payload = b"good " + bad + b" good"
        title = name.replace("-", " ")
        yield Case(f"utf8/invalid/{name}/alone", "8.1", title, (text(bad), fails(1007)))
        yield Case(f"utf8/invalid/{name}/in-text", "8.1", f"{title}, in a text", (text(payload), fails(1007)))
        yield Case(
            f"utf8/invalid/{name}/by-1", "8.1", f"{title}, a byte a write", (Send((text(payload),), 1), fails(1007))
        )
        yield Case(
            f"utf8/invalid/{name}/fragments",
            "5.6",
            f"{title}, a byte a fragment",
            (Send(fragments(TEXT, pieces(payload, 1))), fails(1007)),
        )
        yield Case(
            f"utf8/invalid/{name}/behind-a-message",
            "8.1",
            f"{title}, behind a good text",
            (Send((text("good"), text(bad))), answers_before_end(text("good")), fails(1007)),
        )
    for place in range(len(SAMPLE)):
        payload = SAMPLE[:place] + b"\xff" + SAMPLE[place + 1 :]
        yield Case(
            f"utf8/invalid/ff-at-{place}", "8.1", f"a text whose byte {place} is ff", (text(payload), fails(1007))
        )
    # Longer than any vector register, at every position in one and after it.
    for place in (*range(64), 100, 1000, 65535, 65536, 99_999):
        payload = b"x" * place + b"\xff" + b"x" * (99_999 - place)
        yield Case(
            f"utf8/invalid/long/ff-at-{place}",
            "8.1",
            f"a text of 100,000 bytes whose byte {place} is ff",
            (text(payload), fails(1007)),
        )
    for cut in range(len(SAMPLE)):
        if not is_utf8(SAMPLE[:cut]):
            yield Case(
                f"utf8/invalid/ends-at-{cut}",
                "8.1",
                f"a text that ends inside a character, behind byte {cut}",
                (text(SAMPLE[:cut]), fails(1007)),
            )
            yield Case(
                f"utf8/invalid/ends-at-{cut}/fragments",
                "5.6",
                "the same, and the last fragment is empty",
                (Send(fragments(TEXT, [SAMPLE[:cut], b""])), fails(1007)),
            )


def fail_fast():
    """A text that can no longer become UTF-8 must fail before its end arrives."""
    for name, bad in INVALID.items():
        start = b"good " + bad[: first_bad(bad)]
        title = name.replace("-", " ")
        yield Case(
            f"utf8/fail-fast/{name}/between-frames",
            "8.1",
            f"{title} in the first fragment, and a ping behind it",
            (Send((text(start, fin=False), ping(b"still there?"))), FailsFast((1007,), (more(" the end"),))),
        )
        yield Case(
            f"utf8/fail-fast/{name}/in-a-frame",
            "8.1",
            f"{title}, and then nothing more of the frame",
            (SendStart(text(start + b" the end"), len(start)), FailsFast((1007,))),
        )
    for place in (0, 1, 1000, 70_000):
        payload = b"x" * place + b"\xff" + b"x" * 1000
        yield Case(
            f"utf8/fail-fast/in-a-frame/ff-at-{place}",
            "8.1",
            f"a text whose byte {place} is ff, and then nothing more of it",
            (SendStart(text(payload), place + 1), FailsFast((1007,))),
        )


def cases(options):
    return [*valid(), *sequences(), *invalid(), *fail_fast()]
