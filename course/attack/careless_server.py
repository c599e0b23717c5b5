"""A server with mistakes that chapter 9's server does not have. unprotected_test.py checks that the attacks find them.

It waits for the bytes that a header announces, inflates a message before it looks at its length, keeps the sockets of
connections that were reset, and reads no more of a head or a message that is too large, but keeps the connection.
"""

import base64
import hashlib
import re
import socket
import threading
import zlib

MAX_BYTES = 1 << 20  # of a message, and of a head
CLOSE, PING = 8, 9
RSV1 = 0x40
never_closed = []


def too_large():
    threading.Event().wait()  # forever


def read(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(min(65536, size - len(data)))
        if not more:
            raise ConnectionError("the client has ended the connection")
        data += more
    return data


def accept(sock):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if len(head) > MAX_BYTES // 64:
            too_large()
        head += read(sock, 1)
    key = re.search(rb"Sec-WebSocket-Key: (\S+)", head)[1]
    answer = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    extension = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if b"permessage-deflate" in head else b""
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n%s\r\n" % (answer, extension)
    )


def read_frame(sock):
    first, size = read(sock, 2)
    size &= 0x7F
    if size >= 126:
        size = int.from_bytes(read(sock, 2 if size == 126 else 8), "big")
    mask = read(sock, 4)
    key = int.from_bytes((mask * (min(size, MAX_BYTES) // 4 + 1))[:size], "big")
    return first, (int.from_bytes(read(sock, size), "big") ^ key).to_bytes(size, "big")


def serve(sock):
    try:
        accept(sock)
        length = 0
        while length <= MAX_BYTES:
            first, payload = read_frame(sock)
            if first & 15 == CLOSE:
                break
            if first & 15 == PING:
                sock.sendall(bytes([0x8A, len(payload)]) + payload)
            elif first & RSV1:
                if len(zlib.decompressobj(-15).decompress(payload)) > MAX_BYTES:
                    break
            else:
                length += len(payload)
        else:
            too_large()
        sock.close()
    except ConnectionError:
        never_closed.append(sock)


def main():
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as listener:
        print(f"Server Listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()


if __name__ == "__main__":
    main()
