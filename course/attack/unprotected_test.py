"""The attacks find what is missing: the server of chapter 9, which has no limits, and a careless one must not survive."""

import concurrent.futures
import os
import subprocess
import sys

import attack

# Words of the reason. Chapter 9's server survives all other attacks.
CHAPTER_9 = {
    "slow-request": "still open",
    "half-open": "still open",
    "endless-head": "it has taken",
    "ping-flood": "its memory has grown",
    "never-reads": "its memory has grown",
    "never-closes": "still half-open",
}
# Only these are tried.
CARELESS = {
    "endless-head": "the connection is still open",
    "huge-length": "it still waits for",
    "endless-message": "the connection is still open",
    "resets": "sockets are still open",
    "deflate-bomb": "its memory has grown",
}


def check(command, attacks, expected):
    """Attacks a server of its own, and expects these attacks to be lost, for these reasons."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        port = int(server.stdout.readline().rpartition(":")[2])
        target = attack.Target("127.0.0.1", port, "/", patience=3, memory=16 * attack.MB)
        assert target.pid == str(server.pid), f"the process on port {port} is {server.pid}, not {target.pid}"
        results = attack.run(target, attacks)
    finally:
        server.kill()
        server.wait()
    lost = {name: why for name, survived, why in results if not survived}
    assert lost.keys() == expected.keys(), f"lost {sorted(lost)}, and expected {sorted(expected)}"
    for name, why in lost.items():
        assert expected[name] in why, f"{name} is lost: {why}; expected: {expected[name]}"

    # The server has ended now.
    assert not any(survived for _, survived, _ in attack.run(target, [attack.half_open]))


def main():
    chapter_9 = [os.environ["UNPROTECTED_SERVER"], "0"]
    careless = [sys.executable, "course/attack/careless_server.py"]
    # Side by side: each has its own server.
    with concurrent.futures.ThreadPoolExecutor() as pool:
        checks = [pool.submit(check, chapter_9, attack.ATTACKS, CHAPTER_9)]
        for one in attack.ATTACKS:
            if (name := attack.name_of(one)) in CARELESS:
                checks.append(pool.submit(check, careless, [one], {name: CARELESS[name]}))
    for one in checks:
        one.result()


if __name__ == "__main__":
    main()
