"""permessage-deflate (RFC 7692): the negotiation, and the compression of messages. On Python's zlib."""

import dataclasses
import re
import zlib

from payloads import pieces
from wire import CLIENT, SERVER, Violation

NAME = "permessage-deflate"
TAIL = b"\x00\x00\xff\xff"

NO_TAKEOVER = {role: f"{role}_no_context_takeover" for role in (CLIENT, SERVER)}
WINDOW_BITS = {role: f"{role}_max_window_bits" for role in (CLIENT, SERVER)}

# Bytes inflated at once if the window is small: zlib lets a reference reach that far beyond the window.
STEP = 64

# Bytes passed to zlib at once: it copies the unconsumed ones.
PIECE = 1024


def parse(header):
    """[(name, [(parameter, value or None)])] of Sec-WebSocket-Extensions (section 9.1 of RFC 6455)."""
    found = []
    for element in filter(None, map(str.strip, header.split(","))):
        name, *parameters = [word.strip() for word in element.split(";")]
        pairs = [parameter.partition("=") for parameter in parameters]
        found.append(
            (name, [(key.strip(), value.strip().strip('"') if equals else None) for key, equals, value in pairs])
        )
    return found


class Declined(Exception):
    """There is no agreement, and no error."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """For each role: whether its messages refer to earlier ones, and how far back."""

    takeover: dict
    window_bits: dict


# The values of an agreement without parameters.
PLAIN = Agreement({CLIENT: True, SERVER: True}, {CLIENT: 15, SERVER: 15})


def agreement(offers, response):
    """The agreement of the response to these offers, both given as headers; None if there is none.

    Raises Violation if the response answers none of the offers.
    """
    chosen = parse(response)
    if not chosen:
        return None
    answers = [_checked(pairs) for name, pairs in chosen if name == NAME]
    offered = [_checked(pairs, is_offer=True) for name, pairs in parse(offers) if name == NAME]
    if len(chosen) != 1 or not any(_fits(offer, answer) for offer in offered for answer in answers):
        raise Violation("RFC 7692, 7.1", f"{response!r} is not an answer to {offers!r}")
    answer = answers[0]
    return Agreement(
        {role: NO_TAKEOVER[role] not in answer for role in (CLIENT, SERVER)},
        {role: int(answer.get(WINDOW_BITS[role], 15)) for role in (CLIENT, SERVER)},
    )


def _checked(pairs, is_offer=False):
    """The parameters as a dictionary; None if one is repeated, unknown, or has an invalid value."""
    for key, value in pairs:
        is_flag = key in NO_TAKEOVER.values() and value is None
        is_window = key in WINDOW_BITS.values() and re.fullmatch("[89]|1[0-5]", value or "")
        is_hint = is_offer and key == WINDOW_BITS[CLIENT] and value is None
        if not is_flag and not is_window and not is_hint:
            return None
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


def _fits(offer, answer):
    """Whether a server may answer this offer with this response (RFC 7692, sections 7.1.1 and 7.1.2)."""
    if offer is None or answer is None:
        return False
    if NO_TAKEOVER[SERVER] in offer and NO_TAKEOVER[SERVER] not in answer:
        return False
    if WINDOW_BITS[SERVER] in offer and int(answer.get(WINDOW_BITS[SERVER], 16)) > int(offer[WINDOW_BITS[SERVER]]):
        return False
    if WINDOW_BITS[CLIENT] not in answer:
        return True
    return WINDOW_BITS[CLIENT] in offer and int(answer[WINDOW_BITS[CLIENT]]) <= int(offer[WINDOW_BITS[CLIENT]] or 15)


class Codec:
    """Compresses the messages of `role` and inflates those of its peer."""

    def __init__(self, agreed, role):
        peer = SERVER if role == CLIENT else CLIENT
        self.send_takeover, self.receive_takeover = agreed.takeover[role], agreed.takeover[peer]
        self.send_bits, self.receive_bits = agreed.window_bits[role], agreed.window_bits[peer]
        self.deflater = None
        self._forget()

    def compress(self, payload, level=6, strategy=zlib.Z_DEFAULT_STRATEGY, blocks=1, final=False):
        """A message, flushed into at least this number of blocks. `final`: the last of them is marked as final."""
        usual = (level, strategy, final) == (6, zlib.Z_DEFAULT_STRATEGY, False)
        if self.send_bits == 8:
            strategy = zlib.Z_HUFFMAN_ONLY  # zlib has no window below 9 bits, and this block refers to nothing
        if self.deflater is None or not usual or not self.send_takeover:
            self.deflater = zlib.compressobj(level, zlib.DEFLATED, -max(self.send_bits, 9), 8, strategy)
        data = b"".join(
            self.deflater.compress(part) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
            for part in pieces(payload, len(payload) // blocks + 1)
        )
        if final:
            data += self.deflater.flush(zlib.Z_FINISH) + b"\x00" + TAIL  # section 7.2.3.4
        if not usual:
            self.deflater = None
        return data[: -len(TAIL)]

    def _forget(self):
        self.inflater = zlib.decompressobj(-self.receive_bits)
        self.history = b""

    def inflate(self, data):
        """The peer's message. Raises Violation if it is invalid."""
        if not self.receive_takeover:
            self._forget()
        limit = STEP if self.receive_bits < 15 else 0
        whole = bytearray()
        try:
            for piece in pieces(data + TAIL, PIECE):
                while True:
                    part = self.inflater.decompress(piece, limit)
                    whole += part
                    piece = self.inflater.unconsumed_tail
                    if self.inflater.eof:  # after a final block, which does not end a message (section 7.2.3.4)
                        piece = self.inflater.unused_data
                        history = (self.history + whole)[-(1 << self.receive_bits) :]
                        self.inflater = zlib.decompressobj(-self.receive_bits, history)
                    elif not piece and (not limit or len(part) < limit):
                        break
        except zlib.error as error:
            raise Violation("RFC 7692, 7.2.2", f"a message that cannot be inflated: {error}") from None
        self.history = (self.history + whole)[-(1 << self.receive_bits) :]
        return bytes(whole)
