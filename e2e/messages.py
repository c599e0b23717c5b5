"""Messages to send; the same as in websocket_cases.js."""

# The sizes around each change of the length form, and a message that no single read delivers.
SIZES = [0, 1, 125, 126, 127, 65535, 65536, 16 << 20]


def text_of(size):
    """Exactly `size` bytes of UTF-8, of one to four bytes per character."""
    sample = "Weft and Schuß, 織物 🧵 "
    count, rest = divmod(size, len(sample.encode()))
    return sample * count + "." * rest


def bytes_of(size):
    return bytes(range(256)) * (size // 256) + bytes(range(size % 256))
