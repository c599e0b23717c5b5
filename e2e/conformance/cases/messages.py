"""Messages with every length form, whole, in writes of every size, and in fragments (sections 5.2, 5.4 and 5.6)."""

from case import Case, sent_in_fragments
from payloads import payload_of, pieces
from steps import INFORMATIONAL, WRONG, Send, answers
from wire import BINARY, OPCODE_NAMES, TEXT, Frame

KIB, MIB = 1 << 10, 1 << 20

TOO_MANY = (INFORMATIONAL, "how many fragments a message may have is up to the receiver (section 10.4)")

# The sizes around each change of the length form, and up to a size that no single read delivers.
SIZES = [0, 1, 2, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537, MIB, 16 * MIB]
CHOPS = [1 * KIB, 2 * KIB, 4 * KIB, 8 * KIB, 16 * KIB, 32 * KIB, 64 * KIB]


def size_name(size):
    return f"{size // MIB} MiB" if size and size % MIB == 0 else f"{size} bytes"


def whole(opcode, size, chop=0):
    def steps():
        frame = Frame(opcode, payload_of(opcode, size))
        return Send((frame,), chop), answers(frame)

    name = OPCODE_NAMES[opcode]
    return Case(
        f"messages/{name}/{size}{f'/by-{chop}' if chop else ''}",
        "5.2",
        f"{name} of {size_name(size)}{f', {chop} bytes a write' if chop else ''}",
        steps,
        long=size > MIB,
    )


def in_fragments(opcode, size, part):
    name = OPCODE_NAMES[opcode]
    return Case(
        f"messages/{name}/{size}/fragments-of-{part}",
        "5.4",
        f"{name} of {size_name(size)} in fragments of {part} bytes",
        lambda: sent_in_fragments(opcode, pieces(payload_of(opcode, size), part)),
        otherwise=TOO_MANY if size // part > 10_000 else WRONG,
        long=size > MIB or size // part > 10_000,
    )


def in_a_row(opcode, count, size, at_once):
    """Many messages: all sent before the first answer is read, or each after the previous one is answered."""

    def steps():
        sent = [Frame(opcode, payload_of(opcode, size + i)) for i in range(count)]
        if at_once:
            return Send(tuple(sent)), answers(*sent)
        return [step for one in sent for step in (one, answers(one))]

    name = OPCODE_NAMES[opcode]
    how = "at once" if at_once else "one by one"
    return Case(
        f"messages/{name}/{count}-from-{size}-{how.replace(' ', '-')}",
        "5.6",
        f"{count} {name} messages of {size} bytes and up, {how}",
        steps,
    )


def cases(options):
    kinds = (TEXT, BINARY)
    return [
        *(whole(kind, size) for kind in kinds for size in SIZES),
        *(whole(kind, size, 1) for kind in kinds for size in SIZES if 0 < size <= 128),
        *(whole(kind, size, chop) for kind in kinds for size in SIZES if size > 128 for chop in CHOPS if chop < size),
        *(in_fragments(kind, 256, part) for kind in kinds for part in (1, 2, 3, 125, 126, 255)),
        *(in_fragments(kind, 65536, part) for kind in kinds for part in (1, 64, 1000, 32768, 65535)),
        *(
            in_fragments(kind, 4 * MIB, part)
            for kind in kinds
            for part in (64, 256, 1 * KIB, 4 * KIB, 64 * KIB, 1 * MIB)
        ),
        *(in_a_row(kind, 1000, size, True) for kind in kinds for size in (0, 100)),
        *(in_a_row(kind, 100, size, False) for kind in kinds for size in (0, 1000, 65500)),
        in_a_row(TEXT, 100, 65500, True),
        in_a_row(BINARY, 20, MIB, True),
    ]
