"""Payloads of messages."""

import functools
import random


@functools.lru_cache(maxsize=64)
def bytes_of(size):
    """Bytes without repetition, so that a piece in the wrong place is detected."""
    return random.Random(size).randbytes(size)


@functools.lru_cache(maxsize=64)
def text_of(size):
    """Exactly `size` bytes of UTF-8, of one to four bytes per character, without repetition."""
    lines = "".join(f"{i} Weft and Schuß, 織物 🧵\n" for i in range(size // 30 + 1)).encode()
    whole = lines[:size].decode(errors="ignore").encode()
    return whole + b"." * (size - len(whole))


def payload_of(opcode, size):
    return text_of(size) if opcode == 1 else bytes_of(size)


def pieces(payload, size):
    """The payload in pieces of `size` bytes; one empty piece for an empty payload."""
    return [payload[i : i + size] for i in range(0, len(payload), size)] or [b""]
